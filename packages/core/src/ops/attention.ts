import type * as tf from '@tensorflow/tfjs-core';
import { attention as attend } from '../attention.ts';
import type { Op } from '../op.ts';
import { headsOf, tokensOf } from '../shapes.ts';

export interface AttentionOptions {
  /** Width of one head. How many heads there are follows from the width of the queries. */
  readonly headDim: number;
}

/** Every token [B, N, D] looks at every other. The units of q, k and v are heads from here on. */
export const attention: Op<AttentionOptions> = {
  kind: 'attention',
  describe(on, _, [q, k, v], { headDim }) {
    const [count, width] = tokensOf(on, q!);
    on.macs(2 * count * count * width);
    return headsOf(on, q!, k!, v!, headDim);
  },
  execute: (_, __, [q, k, v], { headDim }) =>
    attend(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, q!.shape.at(-1)! / headDim),
};
