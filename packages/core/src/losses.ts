import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean cross-entropy of logits [B, K] and class indices [B] (int32), or shares of the classes [B, K] (float32) that
 * add up to 1, as mixed images have. With label smoothing s the target is 1 - s + s / K for the class and s / K
 * elsewhere (Szegedy et al. 2016, section 7).
 */
export function crossEntropy(logits_BK: tf.Tensor, labels: tf.Tensor, labelSmoothing = 0): tf.Scalar {
  return tf.tidy(() => {
    const classes = logits_BK.shape.at(-1)!;
    const logProbability_BK = tf.logSoftmax(logits_BK, -1);
    const rest = labelSmoothing / classes;
    const target_BK =
      labels.rank === 2
        ? tf.add(tf.mul(labels, 1 - labelSmoothing), rest)
        : tf.oneHot(labels as tf.Tensor1D, classes, 1 - labelSmoothing + rest, rest, 'float32');
    return tf.mul(tf.mean(tf.sum(tf.mul(target_BK, logProbability_BK), -1)), -1) as tf.Scalar;
  });
}
