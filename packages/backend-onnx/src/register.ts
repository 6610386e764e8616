// Tells tfjs which function to call for each kernel of this backend.

import {
  getKernel,
  getKernelsForBackend,
  type KernelConfig,
  type KernelFunc,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { RecordingBackend } from './recording.ts';
import { MaNetError } from '@ma-net/core';
import type { Kernel } from './kernel.ts';
import type { Invocation } from './invoke.ts';
import { composites } from './composites.ts';
import { kernels } from './kernels/index.ts';
import { direct } from './direct.ts';

/** Registers every kernel under the backend called `backendName`; does nothing the second time. */
export function registerKernels(backendName: string): void {
  if (getKernel('Add', backendName) !== undefined) return;
  const functions: Record<string, (invocation: Invocation) => TensorInfo | TensorInfo[]> = {
    ...Object.fromEntries(Object.entries(kernels).map(([name, kernel]) => [name, recorded(name, kernel)])),
    ...composites,
    ...direct,
  };
  const register = (kernelName: string, run: (invocation: Invocation) => TensorInfo | TensorInfo[]): void => {
    const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
      const recording = backend as RecordingBackend;
      return run({ inputs: recording.accept(inputs), attrs: attrs ?? {}, backend: recording });
    };
    registerKernel({ kernelName, backendName, kernelFunc });
  };
  for (const [kernelName, run] of Object.entries(functions)) register(kernelName, run);
  followKernels('cpu', (kernelName) => {
    if (getKernel(kernelName, backendName) === undefined) register(kernelName, onHost(kernelName));
  });
}

/** Tells `see` of every kernel of a backend: those that there are, and those that packages register from now on. */
function followKernels(host: string, see: (kernelName: string) => void): void {
  for (const { kernelName } of getKernelsForBackend(host)) see(kernelName);
  // tfjs keeps them in a Map of the process, without an event for a new one.
  const { _tfGlobals } = globalThis as { _tfGlobals?: Map<string, Map<string, KernelConfig>> };
  const registry = _tfGlobals?.get('kernelRegistry');
  if (registry === undefined) return;
  const { set } = registry;
  registry.set = function (key, config) {
    set.call(this, key, config);
    if (config.backendName === host) see(config.kernelName);
    return this;
  };
}

function recorded(name: string, kernel: Kernel): (invocation: Invocation) => TensorInfo | TensorInfo[] {
  const names = kernel.inputs === '*' ? undefined : kernel.inputs.map((input) => input.replace('?', ''));
  return ({ inputs, attrs, backend }) => {
    const given = names ?? Object.keys(inputs);
    if (given.some((input) => inputs[input]?.dtype === 'string'))
      return unwrap(backend.fallback(name, inputs, attrs));
    const outputs = backend.record(name, kernel, given, inputs, attrs);
    return kernel.many ? outputs : outputs[0]!;
  };
}

const COMPLEX = new Set(['Complex', 'Real', 'Imag', 'ComplexAbs', 'FFT', 'IFFT']);

/** Complex tensors are pairs of buffers, and ragged ones lists: nothing here can record either. */
function refuse(name: string, inputs: NamedTensorInfoMap): void {
  if (!COMPLEX.has(name) && !Object.values(inputs).some(Array.isArray)) return;
  throw new MaNetError(
    'unsupported-op',
    `Kernel ${name} is for complex or ragged tensors, which the onnx backend has not.`,
    {
      hint: 'run this part of the program on the cpu backend.',
    },
  );
}

function onHost(name: string): (invocation: Invocation) => TensorInfo | TensorInfo[] {
  return ({ inputs, attrs, backend }) => {
    refuse(name, inputs);
    return unwrap(backend.fallback(name, inputs, attrs));
  };
}

const unwrap = (infos: TensorInfo[]): TensorInfo | TensorInfo[] => (infos.length === 1 ? infos[0]! : infos);
