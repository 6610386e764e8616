// The head: from the outputs of the astrocytes to one logit per connection (section 7).
//
// Suffixes: N pre-neurons of the network, P post-neurons, F and O those of one layer, D hidden size,
// R rank, Z token width.

import { type ModulatedKernel, type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { denseOf } from './features.ts';
import { splitRows } from './rows.ts';

/** Keeps ln(D) finite for a slice of zeros. */
const EPSILON = 1e-6;

/** Logits by parameter name, [F, O]: a learned product of rank r plus gamma_l ln(D). */
export function logitsOf(
  kernels: readonly ModulatedKernel[],
  phi: Params,
  out_ND: tf.Tensor2D,
  postTokens_PZ: tf.Tensor2D,
  descriptors: Params,
): Record<string, tf.Tensor2D> {
  const a_NR = denseOf(phi, 'pa', out_ND) as tf.Tensor2D;
  const b_PR = denseOf(phi, 'pb', postTokens_PZ) as tf.Tensor2D;
  const scaled_NR: tf.Tensor2D = tf.div(a_NR, Math.sqrt(a_NR.shape[1]));
  const pre = splitRows(
    scaled_NR,
    kernels.map((k) => k.preNeurons),
  );
  const post = splitRows(
    b_PR,
    kernels.map((k) => k.postNeurons),
  );
  const gamma = splitRows(
    param(phi, 'gamma') as tf.Tensor1D,
    kernels.map(() => 1),
  );
  return Object.fromEntries(
    kernels.map(({ param: name }, l) => {
      const learned_FO = tf.matMul(pre[l]!, post[l]!, false, true);
      const magnitude_FO = tf.log(tf.add(param(descriptors, name), EPSILON));
      return [name, tf.add(learned_FO, tf.mul(gamma[l]!, magnitude_FO)) as tf.Tensor2D];
    }),
  );
}
