import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { text, tokensOf } from '../shapes.ts';

/**
 * Tokens of `x` [B, N, C] by their indices [B, K], which an input of the network gives: [B, K, C]. An index that is none,
 * such as -1 for padding, gives zeros. Channels pass.
 */
export const gather: Op<null> = {
  kind: 'gather',
  describe(on, _, [x, indices]) {
    const [, channels] = tokensOf(on, x!);
    if (indices!.shape.length !== 1) {
      on.refuse(
        `Indices of ${text(indices!.shape)} do not say which tokens to take.`,
        'give a list of indices for each image: [K].',
      );
    }
    on.pin(indices!);
    return { shape: [indices!.shape[0]!, channels], spaces: x!.spaces, stride: 0 };
  },
  execute(_, __, [x, indices]) {
    const [, count, channels] = x!.shape as [number, number, number];
    const [batch, taken] = indices!.shape as [number, number];
    const index_BK = tf.cast(indices!, 'int32');
    const [zero, end] = [tf.scalar(0, 'int32'), tf.scalar(count, 'int32')];
    const there_BK = tf.logicalAnd(tf.greaterEqual(index_BK, zero), tf.less(index_BK, end));
    // The first row of each image, without a constant that follows the size of the batch.
    const first_BK = tf.mul(tf.cumsum(tf.onesLike(index_BK), 0, true), end);
    const row_BK = tf.add(first_BK, tf.mul(index_BK, tf.cast(there_BK, 'int32')));
    const rows = tf.gather(tf.reshape(x!, [-1, channels]), tf.reshape(row_BK, [-1]) as tf.Tensor1D);
    const found = tf.reshape(rows, [batch, taken, channels]);
    return tf.mul(found, tf.expandDims(tf.cast(there_BK, 'float32'), 2));
  },
};
