// Squeeze: one number per connection (section 2).
//
// Suffixes: F pre-neurons, O post-neurons.

import { type ModulatedKernel, type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

const EPSILON = 1e-12;

/**
 * D of every modulated kernel, by parameter name, [F, O]: the mean magnitude of each kernel slice relative
 * to its layer. Always of the raw kernels, so that dead connections have one too. The caller owns the result.
 */
export function descriptors(
  kernels: readonly ModulatedKernel[],
  weights: Params,
): Record<string, tf.Tensor2D> {
  return tf.tidy(() =>
    Object.fromEntries(
      kernels.map((kernel) => [kernel.param, squeeze(param(weights, kernel.param), kernel)]),
    ),
  );
}

function squeeze(weight: tf.Tensor, { preAxis, postAxis }: ModulatedKernel): tf.Tensor2D {
  const receptiveField = weight.shape
    .map((_, axis) => axis)
    .filter((axis) => axis !== preAxis && axis !== postAxis);
  const magnitude = tf.abs(weight);
  // Magnitudes, because the signed mean of a 3x3 kernel cancels.
  const mean_FO: tf.Tensor2D =
    receptiveField.length === 0 ? (magnitude as tf.Tensor2D) : tf.mean(magnitude, receptiveField);
  return tf.div(mean_FO, tf.add(tf.mean(mean_FO), EPSILON));
}
