import type * as tf from '@tensorflow/tfjs-core';
import { mergePatches as merge } from '../layers.ts';
import type { Op } from '../op.ts';
import { imageOf } from '../shapes.ts';

/** Every 2x2 patch becomes one position: [B, H, W, C] -> [B, H / 2, W / 2, 4 C], column by column. */
export const mergePatches: Op<null> = {
  kind: 'mergePatches',
  describe(on, _, [x]) {
    const [height, width, channels] = imageOf(on, x!);
    if (height % 2 !== 0 || width % 2 !== 0) {
      on.refuse(
        `${height} x ${width} positions cannot be merged two by two.`,
        'use images with an even number of positions along each side.',
      );
    }
    return {
      shape: [height / 2, width / 2, 4 * channels],
      spaces: [x!.spaces, x!.spaces, x!.spaces, x!.spaces].flat(),
      stride: 2 * x!.stride,
    };
  },
  execute: (_, __, [x]) => merge(x as tf.Tensor4D),
};
