import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';

/** 1 / (1 + e^-x). */
export const sigmoid: Op<null> = {
  kind: 'sigmoid',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => tf.sigmoid(x!),
};
