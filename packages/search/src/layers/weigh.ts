import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface WeighOptions {
  /** The row of the weights. */
  readonly edge: number;
  /** The column of each value. */
  readonly columns: readonly number[];
}

/**
 * Sum of values of one shape, each times one number of the tensor `name` [edges, operations]. Whoever searches makes that
 * tensor and passes it beside the weights: it is none of the network's parameters.
 */
export const weigh: Op<WeighOptions> = {
  kind: 'search.weigh',
  describe(on, _, values) {
    const [first, ...others] = values;
    for (const other of others) {
      if (other.shape.join() !== first!.shape.join())
        on.refuse(
          'Operations of an edge make images of different sizes.',
          'use images whose sides are even.',
        );
      on.join(first!, other);
    }
    return first!;
  },
  execute(on, name, values, { edge, columns }) {
    const weights_EO = on.param(name) as tf.Tensor2D;
    const count = weights_EO.shape[1];
    const row = tf.split(tf.reshape(tf.slice(weights_EO, [edge, 0], [1, count]), [count]), count);
    const parts = values.map((x, i) => tf.mul(x, tf.reshape(row[columns[i]!]!, [])));
    return parts.length === 1 ? parts[0]! : tf.addN(parts);
  },
};
