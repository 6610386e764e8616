// ONNX Runtime itself. It comes twice: as a library for the machine, which npm removes where its install script fails and
// which has no binary for some machines, and in WebAssembly, which runs anywhere, in browsers too, has no telemetry, and
// takes the first one's place.

import { MaNetError, type Probe } from '@ma-net/core';
import { findRuntime, loadWasm, mayShareMemory, whyNotHere } from '#platform';

export type Provider = 'cpu' | 'wasm' | 'webgpu' | 'cuda';

export type Runtime = Pick<typeof import('onnxruntime-web'), 'InferenceSession' | 'Tensor' | 'env'>;

/** Whether it computes on the processor, in the memory of the process. */
export const isProcessor = (provider: string): boolean => provider === 'cpu' || provider === 'wasm';

export type Refusal = Extract<Probe, { ok: false }> & { readonly hint: string };

export interface Failure {
  readonly code?: string;
  readonly message: string;
}

/** What computes on the processor here: the library, or, with the reason, WebAssembly. Refused only where the library is to stay unloaded. */
export async function findForProcessor(
  library: () => Promise<Runtime | Refusal> = findRuntime,
  notHere = whyNotHere(),
): Promise<{ readonly runtime: Runtime; readonly instead?: Refusal } | Refusal> {
  const found = await library();
  if (!('ok' in found)) return { runtime: found };
  return notHere === undefined ? { runtime: await loadWasm(), instead: found } : found;
}

/**
 * What computes on `wanted`, and as which provider: `wasm` where it stands in for `cpu`. WebAssembly has the threads of
 * its first start for as long as the process lives, one unless told otherwise (all of a graph's nodes, however small,
 * wait for all threads) and in a page that is not isolated. Throws `backend-unavailable`.
 */
export async function loadRuntime(
  wanted: Provider = 'cpu',
  threads = 1,
): Promise<{ readonly runtime: Runtime; readonly provider: Provider }> {
  const found = wanted === 'wasm' ? { runtime: await loadWasm() } : await findForProcessor();
  if (!('runtime' in found)) throw new MaNetError('backend-unavailable', found.reason, { hint: found.hint });
  const { runtime } = found;
  const provider = 'instead' in found && wanted === 'cpu' ? 'wasm' : wanted;
  if (provider === 'wasm') runtime.env.wasm.numThreads ??= mayShareMemory() ? threads : 1;
  return { runtime, provider };
}
