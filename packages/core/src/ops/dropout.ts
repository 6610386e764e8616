import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { checkRate, kept } from '../random-masks.ts';

export interface DropOptions {
  /** Part that is dropped while training, 0 <= rate < 1; with 0 it is the identity. */
  readonly rate: number;
}

/** Zeroes numbers at random while training and scales the others up, so that their mean stays (Srivastava et al. 2014). */
export const dropout: Op<DropOptions> = {
  kind: 'dropout',
  describe(on, _, [x], { rate }) {
    checkRate(on, rate);
    return x!;
  },
  execute(on, name, [x], { rate }) {
    if (!on.training || rate === 0) return x!;
    return tf.mul(x!, kept(on.random(name), x!.shape, rate));
  },
};
