import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { tokensOf } from '../shapes.ts';

export interface GridOptions {
  readonly height: number;
  readonly width: number;
}

/** [B, height * width, C] -> [B, height, width, C]. */
export const grid: Op<GridOptions> = {
  kind: 'grid',
  describe(on, _, [x], { height, width }) {
    const [count, channels] = tokensOf(on, x!);
    if (count !== height * width) {
      on.refuse(
        `${count} tokens do not fill a grid of ${height} x ${width}.`,
        'ask the image that the tokens come from for its sizes, with shape().',
      );
    }
    return { ...x!, shape: [height, width, channels] };
  },
  execute: (_, __, [x], { height, width }) => tf.reshape(x!, [x!.shape[0]!, height, width, -1]),
};
