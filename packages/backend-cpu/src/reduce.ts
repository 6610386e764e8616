// Sums and means without moving the numbers first: the stock kernels transpose the whole tensor so that the
// summed axes come last.

import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allOf, type FastKernel, type KernelCall, type Values, valuesOf } from './kernel.ts';
import { permuted } from './transpose.ts';

export const sum: FastKernel = (call) => reduce(call, () => 1);
export const mean: FastKernel = (call) => reduce(call, (count) => count, 'float32');

/** Sums over `axis`, divided by `divisor(numbers per sum)`, accumulated in double precision. */
function reduce(
  call: KernelCall,
  divisor: (count: number) => number,
  dtype?: 'float32',
): TensorInfo | undefined {
  const x = call.inputs['x']!;
  if (!allOf(['float32', 'int32', 'bool'], x)) return undefined;
  const axes = util.parseAxisParam(call.attrs['axis'] as number | number[], x.shape);
  const [outShape, reducedShape] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const count = util.sizeFromShape(reducedShape);
  const { values, outer, inner } = asBlocks(valuesOf(call, x), x.shape, axes, count);
  const type = dtype ?? (x.dtype === 'float32' ? 'float32' : 'int32');
  const sums = sumBlocks(values, outer, count, inner);
  const divide = divisor(count);
  const result = type === 'float32' ? new Float32Array(sums.length) : new Int32Array(sums.length);
  for (let i = 0; i < sums.length; i++) result[i] = sums[i]! / divide;
  const shape =
    call.attrs['keepDims'] === true ? backend_util.expandShapeToKeepDim(outShape, axes) : outShape;
  return call.backend.makeTensorInfo(shape, type, result);
}

/** Views `values` as [outer, count, inner] with the middle summed; moves them only if that cannot be. */
function asBlocks(
  values: Values,
  shape: number[],
  axes: readonly number[],
  count: number,
): { readonly values: Values; readonly outer: number; readonly inner: number } {
  const real = axes.filter((axis) => shape[axis] !== 1).sort((a, b) => a - b);
  const [first, last] = [real[0] ?? 0, real.at(-1) ?? -1];
  const neighbours = shape.slice(first, last + 1).every((size, i) => size === 1 || real.includes(first + i));
  if (neighbours) {
    const outer = util.sizeFromShape(shape.slice(0, first));
    return { values, outer, inner: util.sizeFromShape(shape.slice(last + 1)) };
  }
  const order = [...shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  return { values: permuted(values, shape, order), outer: values.length / count, inner: 1 };
}

function sumBlocks(values: Values, outer: number, count: number, inner: number): Float64Array {
  const sums = new Float64Array(outer * inner);
  if (inner === 1) {
    for (let o = 0, from = 0; o < outer; o++) {
      let total = 0;
      for (let i = 0; i < count; i++) total += values[from++]!;
      sums[o] = total;
    }
    return sums;
  }
  for (let o = 0, from = 0; o < outer; o++) {
    const to = o * inner;
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < inner; c++) sums[to + c]! += values[from++]!;
    }
  }
  return sums;
}
