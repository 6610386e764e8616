import * as tf from '@tensorflow/tfjs-core';
import { ones, zeros } from '../init.ts';
import type { Op } from '../op.ts';
import { vectorFor } from '../shapes.ts';

export interface GroupNormOptions {
  /** Channels of one group. How many groups there are follows from the width of what it normalises. */
  readonly groupWidth: number;
  readonly epsilon: number;
}

/**
 * Group normalisation (Wu & He 2018): each group of channels of each image with its own moments. From here on a group
 * is one unit: it can go as a whole, and the others do not change.
 */
export const groupNorm: Op<GroupNormOptions> = {
  kind: 'groupNorm',
  describe(on, name, [x], { groupWidth }) {
    const channels = x!.shape.at(-1)!;
    if (channels % on.whole('groupWidth', groupWidth, 1) !== 0) {
      on.refuse(
        `${channels} channels do not consist of groups of ${groupWidth}.`,
        'use a width that is a multiple of the width of a group.',
      );
    }
    on.units(x!, groupWidth);
    on.affine(`${name}.weight`, x!, ones);
    on.affine(`${name}.bias`, x!, zeros);
    return x!;
  },
  execute(on, name, [x], { groupWidth, epsilon }) {
    const gain_C = vectorFor(on, `${name}.weight`, x!);
    const [batch, channels] = [x!.shape[0]!, x!.shape.at(-1)!];
    const grouped = tf.reshape(x!, [batch, -1, channels / groupWidth, groupWidth]);
    const mean = tf.mean(grouped, [1, 3], true);
    const centred = tf.sub(grouped, mean);
    const variance = tf.mean(tf.mul(centred, centred), [1, 3], true);
    const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon)));
    return tf.add(tf.mul(tf.reshape(normal, x!.shape), gain_C), on.param(`${name}.bias`));
  },
};
