import * as tf from '@tensorflow/tfjs-core';
import { forEveryImage } from '../layers.ts';
import type { Op } from '../op.ts';
import { tokensOf } from '../shapes.ts';

/** Puts the tokens of an embedding before those of every image. */
export const prepend: Op<null> = {
  kind: 'prepend',
  describe(on, _, [first, x]) {
    const [[more, width], [count, channels]] = [tokensOf(on, first!), tokensOf(on, x!)];
    if (width !== channels) {
      on.refuse(
        `Tokens of width ${width} cannot join tokens of ${channels}.`,
        'make the embedding as wide as the tokens that it goes before.',
      );
    }
    on.join(first!, x!);
    return { ...x!, shape: [more + count, channels] };
  },
  execute: (_, __, [first, x]) => tf.concat([forEveryImage(first!, x!.shape[0]!), x!], 1),
};
