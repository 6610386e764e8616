// ONNX Runtime itself, loaded when it is first needed, and never without its telemetry switched off: from 1.30 on it
// writes what it does, metadata of models included, to a database under the user's cache and sends it to a server,
// unless this variable of the environment tells it not to. It comes twice: as a library for the machine, which npm
// removes where its install script fails and which has no binary for some machines, and in WebAssembly, which runs
// anywhere, has no telemetry, and takes the first one's place.

import { isMainThread } from 'node:worker_threads';
import { MaNetError, type Probe } from '@ma-net/core';

export type Provider = 'cpu' | 'wasm' | 'webgpu' | 'cuda';

export type Runtime = Pick<typeof import('onnxruntime-web'), 'InferenceSession' | 'Tensor' | 'env'>;

/** Whether it computes on the processor, in the memory of the process. */
export const isProcessor = (provider: string): boolean => provider === 'cpu' || provider === 'wasm';

type Refusal = Extract<Probe, { ok: false }> & { readonly hint: string };

interface Failure {
  readonly code?: string;
  readonly message: string;
}

const SWITCH = 'ORT_DISABLE_TELEMETRY';

// A worker has a copy of the environment, which the library does not read: only the main thread can set it.
if (isMainThread) process.env[SWITCH] ??= '1';

/** Why the library must not be loaded in this thread; undefined where it may be. */
export function whyNotHere(
  main = isMainThread,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  if (main || environment[SWITCH] !== undefined) return undefined;
  return "in this worker ONNX Runtime's telemetry cannot be switched off";
}

/** The library, or why it cannot be had here: no package, no binary, or no way to keep it quiet. */
export async function findRuntime(): Promise<Runtime | Refusal> {
  const reason = whyNotHere();
  if (reason !== undefined) return { ok: false, reason, hint: WORKER_HINT };
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    return refusalOf(error as Failure);
  }
}

/** ONNX Runtime in WebAssembly. */
export async function loadWasm(): Promise<Runtime> {
  return await import('onnxruntime-web');
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
 * its first start for as long as the process lives, one unless told otherwise: all of a graph's nodes, however small,
 * wait for all threads. Throws `backend-unavailable`.
 */
export async function loadRuntime(
  wanted: Provider = 'cpu',
  threads = 1,
): Promise<{ readonly runtime: Runtime; readonly provider: Provider }> {
  const found = wanted === 'wasm' ? { runtime: await loadWasm() } : await findForProcessor();
  if (!('runtime' in found)) throw new MaNetError('backend-unavailable', found.reason, { hint: found.hint });
  const { runtime } = found;
  const provider = 'instead' in found && wanted === 'cpu' ? 'wasm' : wanted;
  if (provider === 'wasm') runtime.env.wasm.numThreads ??= threads;
  return { runtime, provider };
}

/** Why the library did not load, and what to do. */
export function refusalOf({ code, message }: Failure): Refusal {
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return {
      ok: false,
      reason:
        'the package onnxruntime-node is not installed: npm leaves it out when its install script fails',
      hint: 'npm install onnxruntime-node@1.30.0 --ignore-scripts --save-optional (the script only downloads CUDA libraries)',
    };
  }
  return {
    ok: false,
    reason: `onnxruntime-node does not load here (${process.platform} ${process.arch}): ${message.split('\n')[0]!}`,
    hint: 'it has binaries for Linux x64 and arm64, macOS arm64, and Windows.',
  };
}

const WORKER_HINT = `import @ma-net/backend-onnx in the main thread before the worker is made, or start the program with ${SWITCH}=1.`;
