import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { imageOf } from '../shapes.ts';

export interface UpsampleOptions {
  /** How many times as many positions along each side: a whole number. */
  readonly times: number;
  /** `nearest` repeats positions; `bilinear` interpolates between their centres, as PyTorch does without aligned corners. */
  readonly method?: 'nearest' | 'bilinear';
}

/** [B, H, W, C] -> [B, times H, times W, C]; `nearest` unless given. */
export const upsample: Op<UpsampleOptions> = {
  kind: 'upsample',
  describe(on, _, [x], { times }) {
    const [height, width, channels] = imageOf(on, x!);
    on.whole('times', times, 1);
    return { shape: [height * times, width * times, channels], spaces: x!.spaces, stride: x!.stride / times };
  },
  execute(_, __, [x], { times, method = 'nearest' }) {
    return method === 'nearest' ? repeated(x as tf.Tensor4D, times) : interpolated(x as tf.Tensor4D, times);
  },
};

function repeated(x: tf.Tensor4D, times: number): tf.Tensor {
  const [batch, height, width, channels] = x.shape;
  const rows = tf.tile(tf.reshape(x, [batch * height, 1, width * channels]), [1, times, 1]);
  const columns = tf.tile(tf.reshape(rows, [batch * height * times * width, 1, channels]), [1, times, 1]);
  return tf.reshape(columns, [batch, height * times, width * times, channels]);
}

/** As two products with matrices: tfjs's own interpolation has another gradient than its value. */
function interpolated(x: tf.Tensor4D, times: number): tf.Tensor {
  const [batch, height, width, channels] = x.shape;
  const [tall, wide] = [height * times, width * times];
  // [B, H, W C] -> [B, W C, H] -> [B, W C, tall]
  const columns = tf.reshape(tf.transpose(tf.reshape(x, [batch, height, width * channels]), [0, 2, 1]), [
    -1,
    height,
  ]);
  const stretched = tf.reshape(tf.matMul(columns as tf.Tensor2D, weights(height, times)), [
    batch,
    width,
    channels,
    tall,
  ]);
  const rows = tf.reshape(tf.transpose(stretched, [0, 3, 2, 1]), [-1, width]);
  const image = tf.reshape(tf.matMul(rows as tf.Tensor2D, weights(width, times)), [
    batch,
    tall,
    channels,
    wide,
  ]);
  return tf.transpose(image, [0, 1, 3, 2]);
}

/** Share of each of `size` positions in each of `size * times`, [size, size * times]. */
function weights(size: number, times: number): tf.Tensor2D {
  const values = new Float32Array(size * size * times);
  for (let to = 0; to < size * times; to++) {
    const at = Math.max(0, (to + 0.5) / times - 0.5);
    const before = Math.min(size - 1, Math.floor(at));
    const after = Math.min(size - 1, before + 1);
    values[before * size * times + to]! += 1 - (at - before);
    values[after * size * times + to]! += at - before;
  }
  return tf.tensor2d(values, [size, size * times]);
}
