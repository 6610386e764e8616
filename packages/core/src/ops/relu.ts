import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';

/** max(x, 0). */
export const relu: Op<null> = {
  kind: 'relu',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => tf.relu(x!),
};
