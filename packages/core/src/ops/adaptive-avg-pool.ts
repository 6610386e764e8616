import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { imageOf } from '../shapes.ts';

export interface AdaptiveAvgPoolOptions {
  /** Cells along each side. */
  readonly size: number;
}

/**
 * Means of `size` x `size` cells that cover the image: [B, H, W, C] -> [B, size, size, C]. Cell i of n over s positions
 * covers floor(i s / n) to ceil((i + 1) s / n), as PyTorch's do: neighbours overlap where n does not divide s.
 */
export const adaptiveAvgPool: Op<AdaptiveAvgPoolOptions> = {
  kind: 'adaptiveAvgPool',
  describe(on, _, [x], { size }) {
    const [height, , channels] = imageOf(on, x!);
    on.whole('size', size, 1);
    return { shape: [size, size, channels], spaces: x!.spaces, stride: (x!.stride * height) / size };
  },
  execute(_, __, [x], { size }) {
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    // tfjs takes one stride for both sides where the padding is a number.
    if (height === width && height % size === 0) {
      return tf.avgPool(x as tf.Tensor4D, height / size, height / size, 0);
    }
    // [B, H, W C] -> [B, W C, H] -> [B, W C, n]
    const columns = tf.transpose(tf.reshape(x!, [batch, height, width * channels]), [0, 2, 1]);
    const pooled = tf.matMul(tf.reshape(columns, [-1, height]) as tf.Tensor2D, cells(height, size));
    const rows = tf.transpose(tf.reshape(pooled, [batch, width, channels, size]), [0, 3, 2, 1]);
    const image = tf.matMul(tf.reshape(rows, [-1, width]) as tf.Tensor2D, cells(width, size));
    return tf.transpose(tf.reshape(image, [batch, size, channels, size]), [0, 1, 3, 2]);
  },
};

/** Share of each of `from` positions in each of `size` cells, [from, size]. */
function cells(from: number, size: number): tf.Tensor2D {
  const shares = new Float32Array(from * size);
  for (let i = 0; i < size; i++) {
    const [start, end] = [Math.floor((i * from) / size), Math.ceil(((i + 1) * from) / size)];
    for (let at = start; at < end; at++) shares[at * size + i] = 1 / (end - start);
  }
  return tf.tensor2d(shares, [from, size]);
}
