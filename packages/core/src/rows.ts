// Rows of tables by their indices, one table for each image.
//
// Suffixes: B batch, N rows of a table, K rows taken, C channels.

import * as tf from '@tensorflow/tfjs-core';

/**
 * x[b, index[b, k]], zeros where an index is no row. Indices may be float32, and computed from what is trained: gradients
 * flow to `x` alone.
 */
export function takeRows(x_BNC: tf.Tensor3D, index: tf.Tensor2D): tf.Tensor3D {
  return tf.tidy(() => taken(x_BNC, index));
}

function taken(x_BNC: tf.Tensor3D, index: tf.Tensor2D): tf.Tensor3D {
  const [, count, channels] = x_BNC.shape;
  // Whoever computed them: only `x` goes into what is differentiated.
  const { row, there } = placesOf(index, count);
  const op = tf.customGrad((...args: unknown[]) => {
    const [from_BNC, save] = args as [tf.Tensor3D, tf.GradSaveFunc];
    save([row, there]);
    const rows = tf.gather(tf.reshape(from_BNC, [-1, channels]), row);
    return {
      value: tf.reshape(tf.mul(rows, there), [...index.shape, channels]),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [places, counts] = saved as [tf.Tensor1D, tf.Tensor2D];
        const rest = tf.mul(tf.reshape(dy, [-1, channels]), counts);
        return tf.reshape(tf.unsortedSegmentSum(rest, places, x_BNC.shape[0] * count), x_BNC.shape);
      },
    };
  });
  return op(x_BNC) as tf.Tensor3D;
}

/** Rows of all tables, one below the other: [B K], and [B K, 1] with 1 where there is one. */
function placesOf(index: tf.Tensor2D, count: number): { row: tf.Tensor1D; there: tf.Tensor2D } {
  const index_BK = tf.cast(index, 'int32');
  const [zero, end] = [tf.scalar(0, 'int32'), tf.scalar(count, 'int32')];
  const there_BK = tf.logicalAnd(tf.greaterEqual(index_BK, zero), tf.less(index_BK, end));
  // The first row of each image, without a constant that follows the size of the batch.
  const first_BK = tf.mul(tf.cumsum(tf.onesLike(index_BK), 0, true), end);
  const row_BK = tf.add(first_BK, tf.mul(index_BK, tf.cast(there_BK, 'int32')));
  return {
    row: tf.reshape(row_BK, [-1]) as tf.Tensor1D,
    there: tf.reshape(tf.cast(there_BK, 'float32'), [-1, 1]) as tf.Tensor2D,
  };
}
