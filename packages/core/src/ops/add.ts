import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { text } from '../shapes.ts';

/** Sum of two values of one shape; an embedding is added to every image. */
export const add: Op<null> = {
  kind: 'add',
  describe(on, _, [a, b]) {
    if (a!.shape.join() !== b!.shape.join()) {
      on.refuse(
        `Cannot add ${text(a!.shape)} and ${text(b!.shape)}.`,
        'the two paths of a residual block must end at the same size and width.',
      );
    }
    on.join(a!, b!);
    return { ...a!, stride: a!.stride || b!.stride };
  },
  execute: (_, __, [a, b]) => tf.add(a!, b!),
};
