// Resizing of NHWC images. Both axes are resampled by small constant matrices, so that the gradient is their
// transpose and agrees with the forward pass in every mode.

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Kernel, KernelTable } from '../kernel.ts';
import { type Lowering, type Val } from '../lower/lowering.ts';

interface Resampling {
  readonly from: number;
  readonly to: number;
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** The source coordinate of each target pixel, before centring. */
function scaleOf({ from, to, alignCorners }: Resampling): number {
  return alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
}

/** [to, from] row-major: how much of each source pixel goes into each target pixel. */
function bilinearMatrix(r: Resampling): Float32Array {
  const matrix = new Float32Array(r.to * r.from);
  const scale = scaleOf(r);
  for (let k = 0; k < r.to; k++) {
    const source = r.halfPixelCenters ? scale * (k + 0.5) - 0.5 : scale * k;
    const low = Math.max(0, Math.floor(source));
    const high = Math.min(r.from - 1, Math.ceil(source));
    const fraction = source - low;
    matrix[k * r.from + low]! += 1 - fraction;
    matrix[k * r.from + high]! += fraction;
  }
  return matrix;
}

function nearestSources(r: Resampling): Int32Array {
  const scale = scaleOf(r);
  return Int32Array.from({ length: r.to }, (_, k) => {
    const source = r.halfPixelCenters ? scale * (k + 0.5) : scale * k;
    return Math.max(0, Math.min(r.from - 1, r.alignCorners ? Math.round(source) : Math.floor(source)));
  });
}

function nearestMatrix(r: Resampling): Float32Array {
  const matrix = new Float32Array(r.to * r.from);
  nearestSources(r).forEach((source, k) => (matrix[k * r.from + source] = 1));
  return matrix;
}

function samplings(
  from: readonly number[],
  to: readonly number[],
  attrs: NamedAttrMap,
): [Resampling, Resampling] {
  const modes = {
    alignCorners: attrs['alignCorners'] === true,
    halfPixelCenters: attrs['halfPixelCenters'] === true,
  };
  return [
    { from: from[1]!, to: to[1]!, ...modes },
    { from: from[2]!, to: to[2]!, ...modes },
  ];
}

/** Multiplies the rows of each NCHW plane by `left` and the columns by `right`, both [to, from]. */
function resample(
  g: Lowering,
  x: Val,
  left: Float32Array,
  right: Float32Array,
  [h, w]: readonly [number, number],
): string {
  const [, fromHeight, fromWidth] = x.shape as [number, number, number, number];
  const leftName = g.model.constant(left, [h, fromHeight], 'float32');
  const rightName = g.model.constant(transposed(right, w, fromWidth), [fromWidth, w], 'float32');
  const image = x.dtype === 'float32' ? g.nchw(x) : g.cast(g.nchw(x), 'float32');
  return g.op('MatMul', [leftName, g.op('MatMul', [image, rightName])]);
}

function gradient(matrix: (r: Resampling) => Float32Array): Kernel {
  return {
    inputs: ['images', 'dy'],
    infer: ([images]) => ({ shape: images!.shape, dtype: 'float32' }),
    lower(g, [images, dy], { attrs, outputs }) {
      const [rows, columns] = samplings(images!.shape, dy!.shape, attrs);
      const flip = (r: Resampling): Float32Array => transposed(matrix(r), r.to, r.from);
      return g.valNchw(resample(g, dy!, flip(rows), flip(columns), [rows.from, columns.from]), outputs[0]!);
    },
  };
}

/** A [rows, columns] matrix as [columns, rows]. */
function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = matrix[i * columns + j]!;
  return result;
}

export const resize: KernelTable = {
  ResizeBilinear: {
    inputs: ['images'],
    infer: ([images], attrs) => {
      const [n, , , c] = images!.shape as [number, number, number, number];
      return { shape: [n, ...(attrs['size'] as [number, number]), c], dtype: 'float32' };
    },
    lower(g, [images], { attrs, outputs }) {
      const [rows, columns] = samplings(images!.shape, outputs[0]!.shape, attrs);
      const name = resample(g, images!, bilinearMatrix(rows), bilinearMatrix(columns), [rows.to, columns.to]);
      return g.valNchw(name, outputs[0]!);
    },
  },
  ResizeNearestNeighbor: {
    inputs: ['images'],
    infer: ([images], attrs) => {
      const [n, , , c] = images!.shape as [number, number, number, number];
      return { shape: [n, ...(attrs['size'] as [number, number]), c], dtype: images!.dtype };
    },
    lower(g, [images], { attrs, outputs }) {
      const [rows, columns] = samplings(images!.shape, outputs[0]!.shape, attrs);
      const pick = (name: string, r: Resampling, axis: number): string =>
        g.op('Gather', [name, g.model.constant(nearestSources(r), [r.to], 'int32')], { axis });
      return g.val(pick(pick(g.plain(images!), rows, 1), columns, 2), outputs[0]!);
    },
  },
  ResizeBilinearGrad: gradient(bilinearMatrix),
  ResizeNearestNeighborGrad: gradient(nearestMatrix),
};
