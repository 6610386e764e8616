import * as tf from '@tensorflow/tfjs-core';
import { attention as attend } from '../attention.ts';
import { forEveryImage } from '../layers.ts';
import type { Op } from '../op.ts';
import { checkRate, kept } from '../random-masks.ts';
import { headsOf, text, tokensOf } from '../shapes.ts';

export interface AttentionOptions {
  /** Width of one head. How many heads there are follows from the width of the queries. */
  readonly headDim: number;
  /** Part of the weights that is dropped while training (Vaswani et al. 2017, section 5.4); `name` says whose random numbers. */
  readonly dropout?: { readonly name: string; readonly rate: number };
}

/** What is added to the score of a key that is not there. */
const NOT_THERE = -1e9;

/**
 * Every query [B, Q, D] looks at every key [B, K, D] that is there: `mask` [B, K] is 1 where one is, 0 where one is
 * padding, and may be left out. Learned queries or keys are the same for every image. The units of q, k and v are heads
 * from here on.
 */
export const attention: Op<AttentionOptions> = {
  kind: 'attention',
  describe(on, _, [q, k, v, mask], { headDim, dropout }) {
    if (dropout !== undefined) checkRate(on, dropout.rate);
    const [[queries, width], [keys]] = [tokensOf(on, q!), tokensOf(on, k!)];
    if (mask !== undefined && mask.shape.join() !== String(keys)) {
      on.refuse(
        `A mask of ${text(mask.shape)} does not say which of ${keys} keys are there.`,
        'give one number per key.',
      );
    }
    on.macs(2 * queries * keys * width);
    return headsOf(on, q!, k!, v!, headDim);
  },
  execute(on, _, [q, k, v, mask], { headDim, dropout }) {
    const heads = q!.shape.at(-1)! / headDim;
    const bias =
      mask === undefined
        ? undefined
        : tf.reshape(tf.mul(tf.sub(1, mask), NOT_THERE), [mask.shape[0]!, 1, 1, mask.shape[1]!]);
    const batch = Math.max(q!.shape[0]!, k!.shape[0]!, v!.shape[0]!);
    const [queries, keys, values] = [q!, k!, v!].map((x) => forEveryImage(x as tf.Tensor3D, batch));
    if (!on.training || dropout === undefined || dropout.rate === 0)
      return attend(queries!, keys!, values!, heads, bias);
    const rng = on.random(dropout.name);
    const drop = (weights: tf.Tensor): tf.Tensor => tf.mul(weights, kept(rng, weights.shape, dropout.rate));
    return attend(queries!, keys!, values!, heads, bias, drop);
  },
};
