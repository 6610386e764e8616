import type * as tf from '@tensorflow/tfjs-core';
import { takeRows } from '../rows.ts';
import type { Op } from '../op.ts';
import { text, tokensOf } from '../shapes.ts';

/**
 * Tokens of `x` [B, N, C] by their indices [B, K], which an input of the network gives: [B, K, C]. An index that is none,
 * such as -1 for padding, gives zeros. Channels pass.
 */
export const gather: Op<null> = {
  kind: 'gather',
  describe(on, _, [x, indices]) {
    const [, channels] = tokensOf(on, x!);
    if (indices!.shape.length !== 1) {
      on.refuse(
        `Indices of ${text(indices!.shape)} do not say which tokens to take.`,
        'give a list of indices for each image: [K].',
      );
    }
    on.pin(indices!);
    return { shape: [indices!.shape[0]!, channels], spaces: x!.spaces, stride: 0 };
  },
  execute(_, __, [x, indices]) {
    return takeRows(x as tf.Tensor3D, indices as tf.Tensor2D);
  },
};
