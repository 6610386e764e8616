import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { tokensOf } from '../shapes.ts';

export interface TakeTokensOptions {
  readonly start: number;
  readonly count: number;
}

/** `count` tokens from `start` on: [B, N, C] -> [B, count, C]. */
export const takeTokens: Op<TakeTokensOptions> = {
  kind: 'takeTokens',
  describe(on, _, [x], { start, count }) {
    const [there, channels] = tokensOf(on, x!);
    if (start < 0 || count < 1 || start + count > there) {
      on.refuse(`There are ${there} tokens, not ${count} from ${start} on.`, 'take tokens that are there.');
    }
    return { ...x!, shape: [count, channels] };
  },
  execute: (_, __, [x], { start, count }) => tf.slice(x!, [0, start, 0], [-1, count, -1]),
};
