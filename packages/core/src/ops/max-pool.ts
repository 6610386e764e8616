import type * as tf from '@tensorflow/tfjs-core';
import { maxPool as largest } from '../layers.ts';
import type { Op } from '../op.ts';
import { pooled } from '../shapes.ts';

export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  readonly pad?: number;
}

/** Largest of each window; padding never wins. */
export const maxPool: Op<PoolOptions> = {
  kind: 'maxPool',
  describe: (on, _, [x], options) => pooled(on, x!, options),
  execute: (_, __, [x], options) => largest(x as tf.Tensor4D, options),
};
