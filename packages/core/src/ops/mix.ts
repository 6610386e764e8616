import * as tf from '@tensorflow/tfjs-core';
import { type Initializer, zeros } from '../init.ts';
import type { Op } from '../op.ts';
import { text } from '../shapes.ts';

export interface MixOptions {
  /** How its weights start, before the softmax; equal unless given. */
  readonly init?: Initializer;
}

/**
 * Sum of values of one shape, weighted by the softmax of the parameter `name`, one number per value (Liu et al. 2019,
 * Eq. 2). Mixtures of one name share their weights, as the cells of a searched network do.
 */
export const mix: Op<MixOptions> = {
  kind: 'mix',
  describe(on, name, values, { init = zeros }) {
    const [first, ...others] = values;
    for (const other of others) {
      if (other.shape.join() !== first!.shape.join()) {
        on.refuse(
          `Cannot mix ${text(first!.shape)} with ${text(other.shape)}.`,
          'make all candidates end at the same size and width.',
        );
      }
      on.join(first!, other);
    }
    on.declare({ name, kind: 'vector', shape: [values.length], init, positions: 0 });
    return first!;
  },
  execute(on, name, values) {
    const shares = tf.split(tf.softmax(on.param(name) as tf.Tensor1D), values.length);
    return tf.addN(values.map((x, i) => tf.mul(x, tf.reshape(shares[i]!, []))));
  },
};
