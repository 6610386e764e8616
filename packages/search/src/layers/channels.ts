// Partial channels (Xu et al. 2020, arXiv:1907.05737): operations see a part of the channels, the others pass by.

import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface PartOptions {
  /** In how many parts the channels are divided. */
  readonly parts: number;
  /** The first of them, or all others. */
  readonly take: 'first' | 'others';
}

/** The first channels of an image, or the others. */
export const part: Op<PartOptions> = {
  kind: 'search.part',
  describe(on, _, [x], { parts, take }) {
    const channels = x!.shape.at(-1)!;
    if (channels % parts !== 0)
      on.refuse(`${channels} channels are not ${parts} equal parts.`, 'use widths that the parts divide.');
    on.pin(x!);
    const count = (channels / parts) * (take === 'first' ? 1 : parts - 1);
    return { ...x!, shape: [...x!.shape.slice(0, -1), count], spaces: [on.positions(count)] };
  },
  execute(_, __, [x], { parts, take }) {
    const channels = x!.shape.at(-1)!;
    const first = channels / parts;
    const [start, count] = take === 'first' ? [0, first] : [first, channels - first];
    return tf.slice(x as tf.Tensor4D, [0, 0, 0, start], [-1, -1, -1, count]);
  },
};

export interface ShuffleOptions {
  readonly groups: number;
}

/** Channels of `groups` groups, in turn one of each (Zhang et al. 2018, arXiv:1707.01083). */
export const shuffle: Op<ShuffleOptions> = {
  kind: 'search.shuffle',
  describe(on, _, [x]) {
    on.pin(x!);
    return { ...x!, spaces: [on.positions(x!.shape.at(-1)!)] };
  },
  execute(_, __, [x], { groups }) {
    const channels = x!.shape.at(-1)!;
    const grouped = tf.reshape(x!, [-1, groups, channels / groups]);
    return tf.reshape(tf.transpose(grouped, [0, 2, 1]), x!.shape);
  },
};
