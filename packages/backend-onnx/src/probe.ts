// Whether an execution provider of ONNX Runtime works here, and if not, why and what to do.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Probe } from '@ma-net/core';
import { ModelBuilder } from './onnx/model.ts';
import { findForProcessor, findRuntime, loadWasm, type Provider, type Runtime } from './runtime.ts';

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
  const failure = await tryInChild(provider);
  if (failure === undefined) return { ok: true, device: deviceOf(runtime, provider) };
  return { ok: false, reason: `${provider}: ${failure}`, hint: hints[provider] };
}

const deviceOf = ({ env }: Runtime, what: string): string => `ONNX Runtime ${env.versions.common}, ${what}`;

/** Runs a model of one node in a process of its own, where drivers may print or crash; undefined when it worked. */
async function tryInChild(provider: Gpu): Promise<string | undefined> {
  const model = new ModelBuilder();
  model.input('x', [1], 'float32');
  model.output(model.node('Add', ['x', 'x']), [1], 'float32');
  const program = `
    const ort = require(${JSON.stringify(createRequire(import.meta.url).resolve('onnxruntime-node'))});
    const model = Buffer.from('${Buffer.from(model.bytes('probe')).toString('base64')}', 'base64');
    ort.InferenceSession.create(model, { executionProviders: ['${provider}'], logSeverityLevel: 4 })
      .then((session) => session.run({ x: new ort.Tensor('float32', [1], [1]) }))
      .then(() => console.log('works'), (error) => console.log(error.message));`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', program], { timeout: 30_000 }, (error, stdout) => {
      const said = stdout.trim();
      if (said === 'works') resolve(undefined);
      else if (said !== '') resolve(firstLine(said));
      else
        resolve(`the trial process ended without a word (${error === null ? 'code 0' : firstLine(error)})`);
    });
  });
}

/** The telling part of an error: its last clause, without the source location that ONNX Runtime puts before it. */
function firstLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
  const cut = text.lastIndexOf('was false. ');
  return cut === -1 ? text : text.slice(cut + 'was false. '.length);
}
