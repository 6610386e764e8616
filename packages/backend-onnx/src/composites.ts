// Fused kernels, recorded as the kernels they fuse; ONNX Runtime fuses them again where it pays.

import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { RecordingBackend } from './recording.ts';
import { type Invocation, invoke } from './invoke.ts';

/** Calls kernels on a value, disposing what came before each time. */
class Chain {
  readonly #backend: RecordingBackend;
  value: TensorInfo;

  constructor(backend: RecordingBackend, value: TensorInfo) {
    this.#backend = backend;
    this.value = value;
  }

  then(name: string, inputs: (x: TensorInfo) => Record<string, TensorInfo>, attrs: NamedAttrMap = {}): void {
    const next = invoke(this.#backend, name, inputs(this.value), attrs);
    this.#backend.disposeData(this.value.dataId);
    this.value = next;
  }
}

const activations: Record<string, string> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  leakyrelu: 'LeakyRelu',
  prelu: 'Prelu',
};

/** `name` on the two operands, plus bias, through the activation. */
function fused(name: string, operands: readonly [string, string]) {
  return ({ inputs, attrs, backend }: Invocation): TensorInfo => {
    const [p, q] = operands;
    const chain = new Chain(backend, invoke(backend, name, { [p]: inputs[p], [q]: inputs[q] }, attrs));
    const channels = attrs['dataFormat'] === 'NCHW';
    const aligned = (t: TensorInfo, use: (t: TensorInfo) => void): void => {
      if (!channels || t.shape.length !== 1 || t.shape[0] === 1) return use(t);
      const column = invoke(backend, 'Reshape', { x: t }, { shape: [t.shape[0]!, 1, 1] });
      use(column);
      backend.disposeData(column.dataId);
    };
    const { bias, preluActivationWeights } = inputs;
    if (bias) aligned(bias, (b) => chain.then('Add', (a) => ({ a, b })));
    const activation = activations[(attrs['activation'] as string | undefined) ?? 'linear'];
    if (activation === 'Prelu') {
      aligned(preluActivationWeights!, (alpha) => chain.then('Prelu', (x) => ({ x, alpha })));
    } else if (activation !== undefined) {
      chain.then(activation, (x) => ({ x }), { alpha: attrs['leakyreluAlpha'] as number });
    }
    return chain.value;
  };
}

export const composites: Record<string, (invocation: Invocation) => TensorInfo> = {
  FusedConv2D: fused('Conv2D', ['x', 'filter']),
  FusedDepthwiseConv2D: fused('DepthwiseConv2dNative', ['x', 'filter']),
  _FusedMatMul: fused('BatchMatMul', ['a', 'b']),
  FlipLeftRight: ({ inputs, backend }) => invoke(backend, 'Reverse', { x: inputs['image']! }, { dims: [2] }),
};
