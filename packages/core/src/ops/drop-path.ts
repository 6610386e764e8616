import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { checkRate, kept } from '../random-masks.ts';
import type { DropOptions } from './dropout.ts';

export interface DropPathOptions extends DropOptions {
  /** Whether the part grows linearly over the run, from none at its beginning (Zoph et al. 2018). */
  readonly ramp?: boolean;
}

/**
 * Stochastic depth (Huang et al. 2016): while training it drops the whole value of an image at random, and scales those
 * of the others up. To be put at the end of a residual branch.
 */
export const dropPath: Op<DropPathOptions> = {
  kind: 'dropPath',
  describe(on, _, [x], { rate }) {
    checkRate(on, rate);
    return x!;
  },
  execute(on, name, [x], { rate, ramp = false }) {
    if (!on.training || rate === 0) return x!;
    const one = x!.shape.map((size, axis) => (axis === 0 ? size : 1));
    return tf.mul(x!, kept(on.random(name), one, ramp ? rate * (on.progress ?? 1) : rate));
  },
};
