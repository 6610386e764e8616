// Convolutions as matrix products over unfolded images (Chellapilla et al. 2006). Unfolding goes through a
// buffer that fits the second-level cache, some pixels at a time.
//
// A pixel is an output pixel of one image of the batch; a tap is a number of the kernel window: (row,
// column, channel).

import { backend_util } from '@tensorflow/tfjs-core';
import { addProduct, type Matrix } from './gemm.ts';
import { allOf, type FastKernel, type KernelCall, type Values, valuesOf } from './kernel.ts';

type Geometry = backend_util.Conv2DInfo;
type Shape4D = [number, number, number, number];

/** y = unfolded(x) w */
export const conv2D: FastKernel = (call) => {
  const x = call.inputs['x']!;
  const filter = call.inputs['filter']!;
  const geometry = geometryOf(call, x, filter, call.attrs['dilations'] as number | [number, number]);
  if (geometry === undefined) return undefined;
  const [images, kernel] = [valuesOf(call, x), valuesOf(call, filter)];
  const { outChannels } = geometry;
  const taps = tapsOf(geometry);
  const y = new Float32Array(pixelsOf(geometry) * outChannels);
  forEachUnfolded(images, geometry, (rows, first, count) => {
    addProduct(count, outChannels, taps, rows, dense(kernel, outChannels), y, first * outChannels);
  });
  return call.backend.makeTensorInfo(geometry.outShape, 'float32', y);
};

/** dw = unfolded(x)^T dy */
export const conv2DBackpropFilter: FastKernel = (call) => {
  const x = call.inputs['x']!;
  const dy = call.inputs['dy']!;
  const geometry = geometryOf(call, x, { shape: call.attrs['filterShape'] as number[], dtype: 'float32' }, 1);
  if (geometry === undefined || !allOf(['float32'], dy)) return undefined;
  const [images, gradient] = [valuesOf(call, x), valuesOf(call, dy)];
  const { outChannels } = geometry;
  const taps = tapsOf(geometry);
  const dw = new Float32Array(taps * outChannels);
  forEachUnfolded(images, geometry, (rows, first, count) => {
    const transposed = { ...rows, row: rows.column, column: rows.row };
    addProduct(taps, outChannels, count, transposed, dense(gradient, outChannels, first), dw);
  });
  return call.backend.makeTensorInfo(geometry.filterShape, 'float32', dw);
};

/** dx = folded(dy w^T) */
export const conv2DBackpropInput: FastKernel = (call) => {
  const dy = call.inputs['dy']!;
  const filter = call.inputs['filter']!;
  const geometry = geometryOf(
    call,
    { shape: call.attrs['inputShape'] as number[], dtype: 'float32' },
    filter,
    1,
  );
  if (geometry === undefined || !allOf(['float32'], dy)) return undefined;
  const [gradient, kernel] = [valuesOf(call, dy), valuesOf(call, filter)];
  const { inShape, outChannels } = geometry;
  const taps = tapsOf(geometry);
  const dx = new Float32Array(inShape.reduce((a, b) => a * b, 1));
  const transposed = { data: kernel, offset: 0, row: 1, column: outChannels };
  forEachChunk(geometry, (first, count) => {
    buffer.fill(0, 0, count * taps);
    addProduct(count, taps, outChannels, dense(gradient, outChannels, first), transposed, buffer);
    fold(buffer, geometry, first, count, dx);
  });
  return call.backend.makeTensorInfo(inShape, 'float32', dx);
};

/** Undefined for what stays with the stock kernels: channels first, and whole numbers. */
function geometryOf(
  { attrs }: KernelCall,
  x: { readonly shape: number[]; readonly dtype: string },
  filter: { readonly shape: number[]; readonly dtype: string },
  dilations: number | [number, number],
): Geometry | undefined {
  if (attrs['dataFormat'] === 'NCHW' || x.dtype !== 'float32' || filter.dtype !== 'float32') return undefined;
  return backend_util.computeConv2DInfo(
    x.shape as Shape4D,
    filter.shape as Shape4D,
    attrs['strides'] as number | [number, number],
    dilations,
    attrs['pad'] as number | 'same' | 'valid',
    attrs['dimRoundingMode'] as 'floor' | 'round' | 'ceil',
  );
}

const BUFFER_SIZE = 1 << 16;
const LEAST_PIXELS = 64;
let buffer = new Float32Array(BUFFER_SIZE);

const pixelsOf = (g: Geometry): number => g.batchSize * g.outHeight * g.outWidth;
const tapsOf = (g: Geometry): number => g.filterHeight * g.filterWidth * g.inChannels;

function dense(data: ArrayLike<number>, columns: number, firstRow = 0): Matrix {
  return { data, offset: firstRow * columns, row: columns, column: 1 };
}

/** Goes through all pixels, as many at a time as the buffer holds. */
function forEachChunk(geometry: Geometry, visit: (first: number, count: number) => void): void {
  const pixels = pixelsOf(geometry);
  const taps = tapsOf(geometry);
  const size = Math.min(pixels, Math.max(LEAST_PIXELS, Math.floor(BUFFER_SIZE / taps)));
  if (buffer.length < size * taps) buffer = new Float32Array(size * taps);
  for (let first = 0; first < pixels; first += size) visit(first, Math.min(size, pixels - first));
}

/** Goes through the matrix [pixels, taps] of `x`, some rows at a time. */
function forEachUnfolded(
  x: Values,
  g: Geometry,
  visit: (rows: Matrix, first: number, count: number) => void,
): void {
  const taps = tapsOf(g);
  const { top, bottom, left, right } = g.padInfo;
  const pointwise = g.filterHeight * g.filterWidth * g.strideHeight * g.strideWidth === 1;
  if (pointwise && top + bottom + left + right === 0) {
    visit(dense(x, taps), 0, pixelsOf(g));
    return;
  }
  forEachChunk(g, (first, count) => {
    unfold(x, g, first, count, buffer);
    visit(dense(buffer, taps), first, count);
  });
}

/** Copies the window of each pixel into a row of `rows`; what lies outside the image is zero. */
function unfold(x: Values, g: Geometry, first: number, count: number, rows: Float32Array): void {
  const { inHeight, inWidth, inChannels, filterHeight, filterWidth, dilationHeight, dilationWidth } = g;
  let to = 0;
  for (let pixel = first; pixel < first + count; pixel++) {
    const line = Math.floor(pixel / g.outWidth);
    const top = (line % g.outHeight) * g.strideHeight - g.padInfo.top;
    const left = (pixel % g.outWidth) * g.strideWidth - g.padInfo.left;
    const image = Math.floor(line / g.outHeight) * inHeight;
    for (let i = 0; i < filterHeight; i++) {
      const row = top + i * dilationHeight;
      const inside = row >= 0 && row < inHeight;
      for (let j = 0; j < filterWidth; j++) {
        const column = left + j * dilationWidth;
        if (inside && column >= 0 && column < inWidth) {
          const from = ((image + row) * inWidth + column) * inChannels;
          for (let c = 0; c < inChannels; c++) rows[to + c] = x[from + c]!;
        } else {
          for (let c = 0; c < inChannels; c++) rows[to + c] = 0;
        }
        to += inChannels;
      }
    }
  }
}

/** The transpose of `unfold`: adds each row of `rows` to the window of its pixel. */
function fold(rows: Float32Array, g: Geometry, first: number, count: number, x: Float32Array): void {
  const { inHeight, inWidth, inChannels, filterHeight, filterWidth } = g;
  let from = 0;
  for (let pixel = first; pixel < first + count; pixel++) {
    const line = Math.floor(pixel / g.outWidth);
    const top = (line % g.outHeight) * g.strideHeight - g.padInfo.top;
    const left = (pixel % g.outWidth) * g.strideWidth - g.padInfo.left;
    const image = Math.floor(line / g.outHeight) * inHeight;
    for (let row = top; row < top + filterHeight; row++) {
      const inside = row >= 0 && row < inHeight;
      for (let column = left; column < left + filterWidth; column++, from += inChannels) {
        if (!inside || column < 0 || column >= inWidth) continue;
        const to = ((image + row) * inWidth + column) * inChannels;
        for (let c = 0; c < inChannels; c++) x[to + c]! += rows[from + c]!;
      }
    }
  }
}
