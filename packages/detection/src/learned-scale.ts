import { type Op, ones } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** `x` times one learned number, `<name>.scale`, which begins at 1. */
export const learnedScale: Op<null> = {
  kind: 'learnedScale',
  describe(on, name, [x]) {
    on.declare({ name: `${name}.scale`, kind: 'vector', shape: [1], init: ones, positions: 0 });
    return x!;
  },
  execute: (on, name, [x]) => tf.mul(x!, on.param(`${name}.scale`)),
};
