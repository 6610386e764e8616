import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';

/** x sigmoid(x) (Elfwing et al. 2018), also called swish. */
export const silu: Op<null> = {
  kind: 'silu',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => tf.mul(x!, tf.sigmoid(x!)),
};
