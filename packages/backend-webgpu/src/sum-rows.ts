// Sums and means over the leading axes, as normalisation and the gradients of broadcasts take them. tfjs moves
// the whole tensor first, so that the summed axes come last; here each channel is added where it lies.
//
// x is seen as [P, C]: P numbers for each of C sums.

import { backend_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import type { Kernel, KernelCall } from './kernel.ts';
import { addSlices } from './split-product.ts';

export const sum: Kernel = (call) => sumRows(call, () => 1);
export const mean: Kernel = (call) => sumRows(call, (count) => 1 / count);

/** Threads that are enough for a large GPU, and numbers that are worth one. */
const THREADS = 1 << 14;
const LEAST_ROWS = 32;

function sumRows(
  { inputs, attrs, backend }: KernelCall,
  scaleOf: (count: number) => number,
): TensorInfo | undefined {
  const x = inputs['x']!;
  const axes = util.parseAxisParam(attrs['axis'] as number[], x.shape).toSorted((a, b) => a - b);
  const leading = axes.length < x.shape.length && axes.every((axis, i) => axis === i);
  if (!leading || axes.length === 0 || x.dtype !== 'float32') return undefined;
  const [outShape, reduced] = backend_util.computeOutAndReduceShapes(x.shape, axes);
  const [rows, columns] = [util.sizeFromShape(reduced), util.sizeFromShape(outShape)];
  if (rows === 0 || columns === 0) return undefined;
  const shape = attrs['keepDims'] === true ? backend_util.expandShapeToKeepDim(outShape, axes) : outShape;
  const slices = Math.max(1, Math.min(Math.ceil(THREADS / columns), Math.floor(rows / LEAST_ROWS)));
  const partial = backend.runWebGPUProgram(
    partialSums(slices === 1 ? shape : [slices, columns], slices * columns),
    [x],
    'float32',
    [
      { type: 'int32', data: [rows] },
      { type: 'int32', data: [columns] },
      { type: 'int32', data: [Math.ceil(rows / slices)] },
      { type: 'float32', data: [scaleOf(rows)] },
    ],
  );
  return slices === 1 ? partial : addSlices(backend, partial, slices, shape);
}

function partialSums(outputShape: number[], size: number): WebGPUProgram {
  return {
    outputShape,
    variableNames: ['x'],
    uniforms: 'rows : i32, columns : i32, each : i32, scale : f32,',
    shaderKey: 'maNetSumRows',
    workgroupSize: [64, 1, 1],
    dispatchLayout: { x: outputShape.map((_, axis) => axis) },
    dispatch: [Math.ceil(size / 64), 1, 1],
    size: true,
    getUserCode: () => `
fn main(index : i32) {
  if (index < uniforms.size) {
    let column = index % uniforms.columns;
    let first = index / uniforms.columns * uniforms.each;
    let last = min(first + uniforms.each, uniforms.rows);
    var sum = 0.0;
    for (var row = first; row < last; row++) { sum += x[row * uniforms.columns + column]; }
    result[index] = sum * uniforms.scale;
  }
}`,
  };
}
