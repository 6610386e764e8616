import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';

/** e to the power of every number: distances that are predicted as logarithms. */
export const exp: Op<null> = {
  kind: 'exp',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => tf.exp(x!),
};
