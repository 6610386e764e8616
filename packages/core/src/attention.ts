// Attention as functions of queries, keys and values; the projections around it are dense layers.
//
// Suffixes: B batch, H height, W width, N tokens, D width of a token, A heads, P relative positions.

import * as tf from '@tensorflow/tfjs-core';
import { fromWindows, relativePositions, shiftMask, toWindows } from './windows.ts';

/** Softmax over the last axis. */
export function softmax(x: tf.Tensor): tf.Tensor {
  return tf.softmax(x, -1);
}

/**
 * Scaled dot-product attention in `heads` heads (Vaswani et al. 2017, Eq. 1), without projections.
 * q, k, v and the result are [B, N, D]; the scale is 1 / sqrt(D / heads). `bias` is added to the scores
 * [B, heads, N, N] before the softmax; with a first axis shorter than the batch it is repeated along it. `drop` is done
 * to the weights after it.
 */
export function attention(
  q_BND: tf.Tensor3D,
  k_BND: tf.Tensor3D,
  v_BND: tf.Tensor3D,
  heads: number,
  bias?: tf.Tensor,
  drop: (weights_BANN: tf.Tensor) => tf.Tensor = (weights_BANN) => weights_BANN,
): tf.Tensor3D {
  return tf.tidy(() => {
    const [batch, queries, width] = q_BND.shape;
    const perHead = width / heads;
    const split = (t: tf.Tensor3D): tf.Tensor =>
      tf.transpose(tf.reshape(t, [batch, t.shape[1], heads, t.shape[2] / heads]), [0, 2, 1, 3]);
    const scores_BANN = tf.matMul(tf.mul(split(q_BND), 1 / Math.sqrt(perHead)), split(k_BND), false, true);
    const weights_BANN = softmax(bias === undefined ? scores_BANN : addRepeated(scores_BANN, bias));
    const mixed = tf.transpose(tf.matMul(drop(weights_BANN), split(v_BND)), [0, 2, 1, 3]);
    return tf.reshape(mixed, [batch, queries, v_BND.shape[2]]);
  });
}

export interface WindowAttention {
  readonly heads: number;
  /** Side of a window; divides the height and the width. */
  readonly window: number;
  /** How far the windows lie below and to the right of the plain grid, on axes of more than one window. */
  readonly shift: number;
  /** Bias of each relative position, row by row: [(2 window - 1)^2, heads]. */
  readonly table_PA: tf.Tensor2D;
}

/**
 * Attention within square windows, which wrap around the image's edges when they are shifted; positions
 * that only meet by wrapping do not see each other (Liu et al. 2021, section 3.2). All are [B, H, W, D].
 */
export function windowAttention(
  q_BHWD: tf.Tensor4D,
  k_BHWD: tf.Tensor4D,
  v_BHWD: tf.Tensor4D,
  { heads, window, shift, table_PA }: WindowAttention,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = q_BHWD.shape;
    const perWindow = window * window;
    const index = tf.tensor1d(relativePositions(window), 'int32');
    const relative_ANN = tf.reshape(tf.transpose(tf.gather(table_PA, index)), [heads, perWindow, perWindow]);
    const bias =
      shift === 0 || (height === window && width === window)
        ? relative_ANN
        : tf.add(
            relative_ANN,
            tf.tensor(shiftMask(height, width, window, shift), [
              (height * width) / perWindow,
              1,
              perWindow,
              perWindow,
            ]),
          );
    const [q, k, v] = [q_BHWD, k_BHWD, v_BHWD].map((x) => toWindows(x, window, shift));
    return fromWindows(attention(q!, k!, v!, heads, bias), [height, width], window, shift);
  });
}

/** scores + bias, where the bias of [W, ...] starts anew after every W entries of the batch. */
function addRepeated(scores_BANN: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const [batch, heads, queries, keys] = scores_BANN.shape as [number, number, number, number];
  const period = bias.rank === 4 ? bias.shape[0]! : 1;
  if (period === 1 || period === batch) return tf.add(scores_BANN, bias);
  const grouped = tf.reshape(scores_BANN, [batch / period, period * heads, queries, keys]);
  const sum = tf.add(grouped, tf.reshape(bias, [period * heads, queries, keys]));
  return tf.reshape(sum, [batch, heads, queries, keys]);
}
