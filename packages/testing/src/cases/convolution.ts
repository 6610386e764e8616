import * as tf from '@tensorflow/tfjs-core';
import { type Case, normal } from '../case.ts';

type Pad = 'same' | 'valid' | number;

interface Conv {
  readonly batch?: number;
  readonly size: readonly [number, number];
  readonly channels: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride?: number;
  readonly pad: Pad;
  readonly dilation?: number;
}

const convs: readonly Conv[] = [
  { size: [5, 7], channels: [3, 4], kernel: [3, 3], pad: 1 },
  { size: [8, 8], channels: [1, 6], kernel: [3, 3], pad: 1 },
  { size: [8, 6], channels: [16, 16], kernel: [3, 3], pad: 1 },
  { size: [8, 8], channels: [4, 5], kernel: [3, 3], stride: 2, pad: 1 },
  { size: [7, 9], channels: [4, 5], kernel: [3, 3], stride: 2, pad: 1 },
  { size: [8, 8], channels: [6, 4], kernel: [1, 1], pad: 0 },
  { size: [8, 8], channels: [6, 4], kernel: [1, 1], stride: 2, pad: 0 },
  { size: [7, 7], channels: [3, 2], kernel: [1, 1], stride: 2, pad: 0 },
  { size: [14, 14], channels: [3, 4], kernel: [7, 7], stride: 2, pad: 3 },
  { size: [8, 8], channels: [3, 8], kernel: [4, 4], stride: 4, pad: 0 },
  { size: [6, 6], channels: [2, 3], kernel: [2, 2], pad: 'same' },
  { size: [9, 7], channels: [2, 3], kernel: [3, 5], stride: 2, pad: 'same' },
  { size: [9, 7], channels: [2, 3], kernel: [3, 2], pad: 'valid' },
  { size: [8, 8], channels: [3, 4], kernel: [5, 5], pad: 2, batch: 1 },
  { size: [4, 4], channels: [33, 17], kernel: [3, 3], pad: 1, batch: 3 },
  { size: [9, 9], channels: [3, 4], kernel: [3, 3], pad: 2, dilation: 2 },
];

/** Convolutions in the sizes and strides of residual networks, and odd ones. */
export const convolution: readonly Case[] = [
  ...convs.map(
    ({ batch = 2, size, channels, kernel, stride = 1, pad, dilation = 1 }): Case => ({
      name: `conv2d > ${kernel.join('x')} kernel, stride ${stride}, pad ${pad}, dilation ${dilation}, ${size.join('x')}, ${channels.join(' to ')} channels`,
      inputs: (rng) => ({
        x: normal(rng, batch, ...size, channels[0]),
        w: normal(rng, ...kernel, ...channels),
      }),
      run: ({ x, w }) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad, 'NHWC', dilation),
      // tfjs has no gradient of dilated convolutions.
      ...(dilation > 1 ? { wrt: [] } : {}),
    }),
  ),
  ...([1, 2] as const).map(
    (stride): Case => ({
      name: `depthwiseConv2d > 3x3 kernel, stride ${stride}`,
      inputs: (rng) => ({ x: normal(rng, 2, 8, 6, 5), w: normal(rng, 3, 3, 5, 1) }),
      run: ({ x, w }) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 1),
    }),
  ),
];
