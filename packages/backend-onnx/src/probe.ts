// Whether an execution provider of ONNX Runtime works here, and if not, why and what to do.

import type { Probe } from '@ma-net/core';
import { ModelBuilder } from './onnx/model.ts';
import { findForProcessor, type Provider, type Runtime } from './runtime.ts';
import { findRuntime, loadWasm, tryElsewhere } from '#platform';

type Gpu = Exclude<Provider, 'cpu' | 'wasm'>;

const hints: Record<Gpu, string> = {
  webgpu:
    'it needs a GPU driver for Vulkan, Metal or Direct3D 12; on Linux, XDG_RUNTIME_DIR must be a writable folder.',
  cuda: 'it needs CUDA 12, cuDNN 9, and its libraries: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --ignore-scripts=false',
};

/** Tries `provider` without leaving a trace in this process. */
export async function probe(provider: Provider): Promise<Probe> {
  if (provider === 'wasm') return { ok: true, device: deviceOf(await loadWasm(), 'WebAssembly') };
  if (provider === 'cpu') {
    const found = await findForProcessor();
    if (!('runtime' in found)) return found;
    const { runtime, instead } = found;
    if (instead === undefined) return { ok: true, device: deviceOf(runtime, provider) };
    const hint = `${instead.reason}; several times as fast: ${instead.hint}`;
    return { ok: true, device: deviceOf(runtime, 'WebAssembly'), hint };
  }
  const runtime = await findRuntime();
  if ('ok' in runtime) return runtime;
  const failure = await tryElsewhere(provider, trial());
  if (failure === undefined) return { ok: true, device: deviceOf(runtime, provider) };
  return { ok: false, reason: `${provider}: ${failure}`, hint: hints[provider] };
}

const deviceOf = ({ env }: Runtime, what: string): string => `ONNX Runtime ${env.versions.common}, ${what}`;

/** A model of one node, x + x. */
function trial(): Uint8Array {
  const model = new ModelBuilder();
  model.input('x', [1], 'float32');
  model.output(model.node('Add', ['x', 'x']), [1], 'float32');
  return model.bytes('probe');
}
