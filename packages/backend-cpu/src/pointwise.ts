// Unary operations. The stock kernels share one loop, which calls a function per number.

import { type TensorInfo } from '@tensorflow/tfjs-core';
import { allOf, type FastKernel, type KernelCall, valuesOf } from './kernel.ts';

type Loop = (x: ArrayLike<number>, to: Float32Array, call: KernelCall) => void;

export const relu: FastKernel = (call) => unary(call, reluLoop);
export const step: FastKernel = (call) => unary(call, stepLoop);
export const square: FastKernel = (call) => unary(call, squareLoop);
export const neg: FastKernel = (call) => unary(call, negLoop);

const reluLoop: Loop = (x, to) => {
  for (let i = 0; i < to.length; i++) {
    const value = x[i]!;
    // Adding zero turns -0 into 0; NaN stays NaN.
    to[i] = (value < 0 ? 0 : value) + 0;
  }
};

const stepLoop: Loop = (x, to, { attrs }) => {
  const below = attrs['alpha'] as number;
  for (let i = 0; i < to.length; i++) {
    const value = x[i]!;
    to[i] = value > 0 ? 1 : Number.isNaN(value) ? Number.NaN : below;
  }
};

const squareLoop: Loop = (x, to) => {
  for (let i = 0; i < to.length; i++) to[i] = x[i]! * x[i]!;
};

const negLoop: Loop = (x, to) => {
  for (let i = 0; i < to.length; i++) to[i] = -x[i]!;
};

function unary(call: KernelCall, loop: Loop): TensorInfo | undefined {
  const x = call.inputs['x']!;
  if (!allOf(['float32'], x)) return undefined;
  const values = valuesOf(call, x);
  const result = new Float32Array(values.length);
  loop(values, result, call);
  return call.backend.makeTensorInfo(x.shape, 'float32', result);
}
