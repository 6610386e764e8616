import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { text } from '../shapes.ts';

/** Joins along the channels. */
export const concat: Op<null> = {
  kind: 'concat',
  describe(on, _, values) {
    const [first] = values;
    const places = first!.shape.slice(0, -1);
    if (values.some(({ shape }) => shape.slice(0, -1).join() !== places.join())) {
      on.refuse(
        `Cannot join ${values.map(({ shape }) => text(shape)).join(', ')} along their channels.`,
        'make all of them with one size.',
      );
    }
    const channels = values.reduce((sum, v) => sum + v.shape.at(-1)!, 0);
    return {
      shape: [...places, channels],
      spaces: values.flatMap((v) => v.spaces),
      stride: first!.stride,
    };
  },
  execute: (_, __, values) => tf.concat([...values], -1),
};
