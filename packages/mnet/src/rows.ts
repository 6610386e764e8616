// Rows of a matrix: in another order, and in pieces.

import * as tf from '@tensorflow/tfjs-core';

/** A permutation of rows and its inverse; `undefined` leaves rows as they are. */
export type RowOrder = { readonly index: tf.Tensor1D; readonly inverse: tf.Tensor1D } | undefined;

/** Uploads the permutation that puts row `order[n]` at place n, and keeps it until its owner disposes it. */
export function rowOrder(order: Int32Array): RowOrder {
  if (order.every((row, place) => row === place)) return undefined;
  return {
    index: tf.keep(tf.tensor1d(order, 'int32')),
    inverse: tf.keep(tf.tensor1d(inverseOf(order), 'int32')),
  };
}

/** The rows of `x` reordered. The gradient is the way back, where that of a general gather is a scatter. */
export function permuteRows(x: tf.Tensor2D, order: RowOrder): tf.Tensor2D {
  if (order === undefined) return x;
  const permute = tf.customGrad((...args: unknown[]) => ({
    value: tf.gather(args[0] as tf.Tensor2D, order.index),
    gradFunc: (dy: tf.Tensor) => tf.gather(dy, order.inverse),
  }));
  return permute(x) as tf.Tensor2D;
}

/** Pieces of `sizes` rows each. A single piece is x itself: tfjs cannot differentiate a split into one. */
export function splitRows<T extends tf.Tensor>(x: T, sizes: readonly number[]): T[] {
  return sizes.length === 1 ? [x] : tf.split(x, [...sizes], 0);
}

/** The permutation that undoes `order`. */
export function inverseOf(order: Int32Array): Int32Array {
  const inverse = new Int32Array(order.length);
  order.forEach((row, place) => {
    inverse[row] = place;
  });
  return inverse;
}
