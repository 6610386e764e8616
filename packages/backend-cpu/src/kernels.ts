import * as tf from '@tensorflow/tfjs-core';
import { conv2D, conv2DBackpropFilter, conv2DBackpropInput } from './conv.ts';
import { add, greater, greaterEqual, less, maximum, minimum, multiply, realDiv, sub } from './elementwise.ts';
import type { FastKernel, KernelCall } from './kernel.ts';
import { batchMatMul } from './matmul.ts';
import { neg, relu, square, step } from './pointwise.ts';
import { mean, sum } from './reduce.ts';
import { unsortedSegmentSum } from './segment.ts';
import { slice, splitV } from './slice.ts';
import { transpose } from './transpose.ts';

/** Kernels that take the place of tfjs's own, by kernel name. */
export const fastKernels: Readonly<Record<string, FastKernel>> = {
  Add: add,
  BatchMatMul: batchMatMul,
  Conv2D: conv2D,
  Conv2DBackpropFilter: conv2DBackpropFilter,
  Conv2DBackpropInput: conv2DBackpropInput,
  Greater: greater,
  GreaterEqual: greaterEqual,
  Less: less,
  Maximum: maximum,
  Mean: mean,
  Minimum: minimum,
  Multiply: multiply,
  Neg: neg,
  RealDiv: realDiv,
  Relu: relu,
  Slice: slice,
  SplitV: splitV,
  Square: square,
  Step: step,
  Sub: sub,
  Sum: sum,
  Transpose: transpose,
  UnsortedSegmentSum: unsortedSegmentSum,
};

/** Puts the fast kernels over the stock ones of backend `name`, which they fall back to. */
export function installFastKernels(name: string): void {
  for (const [kernelName, fast] of Object.entries(fastKernels)) {
    const stock = tf.getKernel(kernelName, name);
    tf.unregisterKernel(kernelName, name);
    tf.registerKernel({
      ...stock,
      kernelFunc: (call) => fast(call as unknown as KernelCall) ?? stock.kernelFunc(call),
    });
  }
}
