// Tells tfjs which function to call for each kernel of this backend.

import {
  getKernel,
  getKernelsForBackend,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { specKey } from './entry.ts';
import type { OnnxBackend } from './backend.ts';
import { MaNetError } from '@ma-net/core';
import type { Kernel } from './kernel.ts';
import { composites } from './composites.ts';
import { kernels } from './kernels/index.ts';
import { direct } from './direct.ts';

export interface Call {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap;
  readonly backend: OnnxBackend;
}

/** Registers every kernel under the backend called `backendName`; does nothing the second time. */
export function registerKernels(backendName: string): void {
  if (getKernel('Add', backendName) !== undefined) return;
  const functions: Record<string, (call: Call) => TensorInfo | TensorInfo[]> = {
    ...Object.fromEntries(Object.entries(kernels).map(([name, kernel]) => [name, recorded(name, kernel)])),
    ...composites,
    ...direct,
  };
  for (const { kernelName } of getKernelsForBackend('cpu')) functions[kernelName] ??= onHost(kernelName);
  for (const [kernelName, run] of Object.entries(functions)) {
    const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) =>
      run({ inputs, attrs: attrs ?? {}, backend: backend as OnnxBackend });
    registerKernel({ kernelName, backendName, kernelFunc });
  }
}

function recorded(name: string, kernel: Kernel): (call: Call) => TensorInfo | TensorInfo[] {
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

function onHost(name: string): (call: Call) => TensorInfo | TensorInfo[] {
  return ({ inputs, attrs, backend }) => {
    refuse(name, inputs);
    return unwrap(backend.fallback(name, inputs, attrs));
  };
}

const unwrap = (infos: TensorInfo[]): TensorInfo | TensorInfo[] => (infos.length === 1 ? infos[0]! : infos);

/** Calls a kernel of this backend from within another. */
export function call(
  backend: OnnxBackend,
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap = {},
): TensorInfo {
  const kernel = getKernel(name, 'onnx');
  if (kernel === undefined) {
    const given = Object.entries(inputs).map(([k, t]) => `${k}: ${t ? specKey(t.shape, t.dtype) : 'none'}`);
    throw new MaNetError(
      'unsupported-op',
      `There is no kernel ${name} (${given.join(', ')}), here or in the cpu backend.`,
    );
  }
  return kernel.kernelFunc({ inputs, attrs, backend }) as TensorInfo;
}
