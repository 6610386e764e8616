import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { imageOf, text } from '../shapes.ts';

export interface CropOptions {
  /** Rows that go at the top; 0 unless given. */
  readonly top?: number;
  /** Columns that go at the left; 0 unless given. */
  readonly left?: number;
}

/** An image without its first rows and columns: [B, H, W, C] -> [B, H - top, W - left, C]. */
export const crop: Op<CropOptions> = {
  kind: 'crop',
  describe(on, _, [x], { top = 0, left = 0 }) {
    const [height, width, channels] = imageOf(on, x!);
    const shape = [height - on.whole('top', top, 0), width - on.whole('left', left, 0), channels];
    if (shape.some((size) => size < 1)) {
      on.refuse(
        `Nothing is left of ${text(x!.shape)} without ${top} rows and ${left} columns.`,
        'use larger images, or a network with fewer stages.',
      );
    }
    return { ...x!, shape };
  },
  execute: (_, __, [x], { top = 0, left = 0 }) =>
    tf.slice(x as tf.Tensor4D, [0, top, left, 0], [-1, -1, -1, -1]),
};
