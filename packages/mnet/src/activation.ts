// phi_a: from the sharpened logits T * logit of one layer to the relative probabilities q of its
// connections; q = 1 is "as strong as average", and T = 0 gives q = 1 everywhere (section 7).
//
// Suffixes: F pre-neurons, O post-neurons.

import { softmax } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { MNetOptions } from './options.ts';

export type Activation = MNetOptions['activation'];

type Rule = (sharpened_FO: tf.Tensor2D) => tf.Tensor2D;

/** Makes identity the start of the sigmoid: sigma(2) is q = 1. */
const SIGMOID_OFFSET = 2;

export const activations = {
  /** The pre-neurons of a post-neuron compete: q[:, o] = F softmax. */
  softmax: (z_FO) => tf.mul(tf.transpose(softmax(tf.transpose(z_FO))), z_FO.shape[0]),
  /** All connections of the layer compete. */
  layer: (z_FO) => tf.mul(tf.reshape(softmax(tf.reshape(z_FO, [1, z_FO.size])), z_FO.shape), z_FO.size),
  /** Nobody competes. */
  sigmoid: (z_FO) => tf.mul(tf.sigmoid(tf.add(z_FO, SIGMOID_OFFSET)), 1 + Math.exp(-SIGMOID_OFFSET)),
  /** As softmax, with exact zeros (Martins & Astudillo 2016). */
  sparsemax: (z_FO) => {
    const preNeurons = z_FO.shape[0];
    const p_OF = sparsemax(tf.transpose(tf.div(z_FO, preNeurons)));
    return tf.mul(tf.transpose(p_OF), preNeurons);
  },
} as const satisfies Record<Activation, Rule>;

/** The Euclidean projection of every row onto the probability simplex, with its gradient. */
function sparsemax(z_OF: tf.Tensor2D): tf.Tensor2D {
  const project = tf.customGrad((...args: unknown[]) => {
    const [z, save] = args as [tf.Tensor2D, tf.GradSaveFunc];
    const size = z.shape[1];
    const sorted_OF = tf.topk(z, size, true).values;
    const ranks_F = tf.range(1, size + 1, 1, 'float32');
    // Entry k of the sorted row is in the support while 1 + k z_k > z_1 + ... + z_k.
    const support_OF = tf.cast(
      tf.greater(tf.add(tf.mul(sorted_OF, ranks_F), 1), tf.cumsum(sorted_OF, 1)),
      'float32',
    );
    const excess_O1 = tf.sub(tf.sum(tf.mul(sorted_OF, support_OF), 1, true), 1);
    const p_OF = tf.relu(tf.sub(z, tf.div(excess_O1, tf.sum(support_OF, 1, true))));
    save([p_OF]);
    return {
      value: p_OF,
      gradFunc: (dy: tf.Tensor, [p]: tf.Tensor[]) => {
        const inside = tf.cast(tf.greater(p!, 0), 'float32');
        const mean_O1 = tf.div(tf.sum(tf.mul(dy, inside), 1, true), tf.sum(inside, 1, true));
        return tf.mul(inside, tf.sub(dy, mean_O1));
      },
    };
  });
  return project(z_OF) as tf.Tensor2D;
}
