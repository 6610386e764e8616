import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';

export interface ScaleGradientOptions {
  /** What the gradient is multiplied with on its way back; 0 stops it. */
  readonly by: number;
}

/** The value as it is, with another gradient. */
export const scaleGradient: Op<ScaleGradientOptions> = {
  kind: 'scaleGradient',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x], { by }) =>
    tf.customGrad((...args: unknown[]) => ({
      value: (args[0] as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, by),
    }))(x!),
};
