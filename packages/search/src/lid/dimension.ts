// How many dimensions the features of a layer have, seen from their neighbours. He et al. 2023 (arXiv:2211.12759), section 3;
// Levina & Bickel 2004.

import { MaNetError } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** Added where a logarithm or a quotient could end. */
const EPSILON = 1e-6;

/** Squared Euclidean distances between the rows of features [B, ...]: [B, B]. */
export function squaredDistances(features: tf.Tensor): tf.Tensor2D {
  return tf.tidy(() => {
    const flat_BD = tf.reshape(features, [features.shape[0]!, -1]);
    // Rows far from zero would cancel.
    const x_BD = tf.sub(flat_BD, tf.mean(flat_BD, 0, true)) as tf.Tensor2D;
    const squares_B1 = tf.sum(tf.square(x_BD), 1, true);
    const products_BB = tf.matMul(x_BD, x_BD, false, true);
    return tf.sub(tf.add(squares_B1, tf.transpose(squares_B1)), tf.mul(products_BB, 2)) as tf.Tensor2D;
  });
}

/**
 * The local intrinsic dimension around every sample, of squared distances [B, B], row by row: by the `neighbours` nearest
 * others, or all where there are fewer. Throws `bad-argument` for fewer than three samples.
 */
export function localDimensions(squared: ArrayLike<number>, samples: number, neighbours: number): number[] {
  if (samples < 3) {
    throw new MaNetError('bad-argument', `A mini-batch of ${samples} has no neighbours to compare.`, {
      where: 'method "nas-lid"',
      hint: 'use mini-batches of more than 20 samples.',
    });
  }
  return Array.from({ length: samples }, (_, i) => {
    const others = Array.from({ length: samples }, (__, j) => j).filter((j) => j !== i);
    const distances = others.map((j) => Math.sqrt(Math.max(0, squared[i * samples + j]!)));
    return dimensionOf(distances.toSorted((a, b) => a - b).slice(0, neighbours));
  });
}

/** The dimension that ascending distances to neighbours speak of: -k / sum log(d_j / d_k). */
export function dimensionOf(distances: readonly number[], epsilon = EPSILON): number {
  const farthest = distances.at(-1)! + epsilon;
  const sum = distances.reduce((total, d) => total + Math.log(d / farthest), 0);
  return -distances.length / (sum + epsilon);
}
