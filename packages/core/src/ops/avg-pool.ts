import type * as tf from '@tensorflow/tfjs-core';
import { avgPool as mean } from '../layers.ts';
import type { Op } from '../op.ts';
import { pooled } from '../shapes.ts';
import type { PoolOptions } from './max-pool.ts';

/** Mean of each window, padding left out of the count. */
export const avgPool: Op<PoolOptions> = {
  kind: 'avgPool',
  describe: (on, _, [x], options) => pooled(on, x!, options),
  execute: (_, __, [x], options) => mean(x as tf.Tensor4D, options),
};
