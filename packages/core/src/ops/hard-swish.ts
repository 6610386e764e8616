import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';

/** x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
export const hardSwish: Op<null> = {
  kind: 'hardSwish',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => tf.mul(x!, tf.div(tf.clipByValue(tf.add(x!, 3), 0, 6), 6)),
};
