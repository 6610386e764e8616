import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { text } from '../shapes.ts';

/** Quotient of two values of one shape, number by number: their channels go together. */
export const div: Op<null> = {
  kind: 'div',
  describe(on, _, [a, b]) {
    if (a!.shape.join() !== b!.shape.join()) {
      on.refuse(
        `Cannot divide ${text(a!.shape)} by ${text(b!.shape)}.`,
        'make the divisor with the shape of what is divided.',
      );
    }
    on.join(a!, b!);
    return a!;
  },
  execute: (_, __, [a, b]) => tf.div(a!, b!),
};
