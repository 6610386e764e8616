import * as tf from '@tensorflow/tfjs-core';
import type { StepRanks } from './network.ts';

/**
 * What a sum of losses over `count` things, such as objects, is divided by: their number, `least` where there are fewer. Of
 * ranks that share a mini-batch each divides by its equal part of the number in all of it, so that the mean of their
 * losses is that of one process. Not differentiated.
 */
export function sharedCount(count: tf.Tensor, least: number, ranks?: StepRanks): tf.Scalar {
  return tf.tidy(() => {
    if (ranks === undefined) return tf.maximum(count, least) as tf.Scalar;
    return tf.maximum(ranks.mean(count), least / ranks.size) as tf.Scalar;
  });
}
