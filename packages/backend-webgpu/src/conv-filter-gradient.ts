// dw = unfolded(x)^T dy (Chellapilla et al. 2006), unfolding while reading. The stock kernel gives each
// weight a thread that walks over all pixels of all images.
//
// P output pixels of the batch; M taps of the window: (row, column, input channel); N output channels.

import { backend_util } from '@tensorflow/tfjs-core';
import type { Kernel } from './kernel.ts';
import { splitProduct } from './split-product.ts';

export const conv2DBackpropFilter: Kernel = ({ inputs, attrs, backend }) => {
  const x = inputs['x']!;
  const dy = inputs['dy']!;
  if (attrs['dataFormat'] === 'NCHW' || x.dtype !== 'float32' || dy.dtype !== 'float32') return undefined;
  const geometry = backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    attrs['filterShape'] as [number, number, number, number],
    attrs['strides'] as number | [number, number],
    1,
    attrs['pad'] as number | 'same' | 'valid',
    attrs['dimRoundingMode'] as 'floor' | 'round' | 'ceil',
  );
  const { filterHeight, filterWidth, inChannels, outChannels, filterShape, padInfo } = geometry;
  return splitProduct(
    backend,
    {
      m: filterHeight * filterWidth * inChannels,
      n: outChannels,
      p: geometry.batchSize * geometry.outHeight * geometry.outWidth,
      operands: { x, dy },
      uniforms: {
        filterWidth,
        inHeight: geometry.inHeight,
        inWidth: geometry.inWidth,
        inChannels,
        outHeight: geometry.outHeight,
        outWidth: geometry.outWidth,
        strideY: geometry.strideHeight,
        strideX: geometry.strideWidth,
        padTop: padInfo.top,
        padLeft: padInfo.left,
      },
      key: 'convFilterGradient',
      readers: `
fn readA(p : i32, m : i32) -> f32 {
  let channel = m % uniforms.inChannels;
  let tap = m / uniforms.inChannels;
  let outX = p % uniforms.outWidth;
  let outRow = p / uniforms.outWidth;
  let y = (outRow % uniforms.outHeight) * uniforms.strideY - uniforms.padTop + tap / uniforms.filterWidth;
  let column = outX * uniforms.strideX - uniforms.padLeft + tap % uniforms.filterWidth;
  if (y < 0 || y >= uniforms.inHeight || column < 0 || column >= uniforms.inWidth) { return 0.0; }
  let image = outRow / uniforms.outHeight;
  return x[((image * uniforms.inHeight + y) * uniforms.inWidth + column) * uniforms.inChannels + channel];
}
fn readB(p : i32, n : i32) -> f32 { return dy[p * uniforms.columns + n]; }`,
    },
    filterShape,
  );
};
