import * as tf from '@tensorflow/tfjs-core';

export interface ContrastOptions {
  /** tau: similarities are divided by it. */
  readonly temperature: number;
  /** The loss is multiplied by temperature / base; as the temperature unless given. */
  readonly base?: number;
}

/** Below it a row is not made longer: those of zeros stay. */
const SHORTEST = 1e-12;

/**
 * Supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362, Eq. 2) of features [2N, D], N images twice, one view after
 * the other: each row is made of length 1, and is drawn towards those of its own class, its other view among them, and away
 * from all others. Without `labels` [2N] only the other view is its own (Chen et al. 2020, arXiv:2002.05709).
 */
export function supervisedContrast(
  features_MD: tf.Tensor2D,
  labels_M: tf.Tensor1D | undefined,
  { temperature, base = temperature }: ContrastOptions,
): tf.Scalar {
  return tf.tidy(() => {
    const [rows] = features_MD.shape;
    const lengths = tf.sqrt(tf.maximum(tf.sum(tf.square(features_MD), 1, true), SHORTEST ** 2));
    const unit_MD = tf.div(features_MD, lengths) as tf.Tensor2D;
    const similar_MM = tf.div(tf.matMul(unit_MD, unit_MD, false, true), temperature);
    // No row is longer than 1, so that 1 / temperature is the largest: taken away, nothing overflows.
    const shifted_MM = tf.sub(similar_MM, 1 / temperature);
    const others_MM = tf.tensor2d(
      pattern(rows, (i, j) => i !== j),
      [rows, rows],
    );
    const own_MM =
      labels_M === undefined
        ? tf.tensor2d(
            pattern(rows, (i, j) => (i + rows / 2) % rows === j),
            [rows, rows],
          )
        : tf.mul(
            others_MM,
            tf.cast(tf.equal(tf.reshape(labels_M, [rows, 1]), tf.reshape(labels_M, [1, rows])), 'float32'),
          );
    const all_M1 = tf.log(tf.sum(tf.mul(tf.exp(shifted_MM), others_MM), 1, true));
    const chosen_M = tf.sum(tf.mul(own_MM, tf.sub(shifted_MM, all_M1)), 1);
    const mean = tf.mean(tf.div(chosen_M, tf.sum(own_MM, 1)));
    return tf.mul(mean, -temperature / base) as tf.Scalar;
  });
}

function pattern(rows: number, isOne: (i: number, j: number) => boolean): Float32Array {
  return Float32Array.from({ length: rows * rows }, (_, k) => Number(isOne(Math.floor(k / rows), k % rows)));
}
