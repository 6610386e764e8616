import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';

export interface ScaleOptions {
  /** What every number is multiplied by. */
  readonly by: number;
}

/** The value times a constant. */
export const scale: Op<ScaleOptions> = {
  kind: 'scale',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x], { by }) => tf.mul(x!, by),
};
