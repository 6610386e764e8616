import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { sizeOf } from '../shapes.ts';

/** [B, H, W, C] -> [B, H * W * C]: every position has its own copy of the channels. */
export const flatten: Op<null> = {
  kind: 'flatten',
  describe: (_, __, [x]) => ({
    shape: [sizeOf(x!.shape)],
    spaces: Array.from({ length: sizeOf(x!.shape.slice(0, -1)) }, () => x!.spaces).flat(),
    stride: 0,
  }),
  execute: (_, __, [x]) => tf.reshape(x!, [x!.shape[0]!, -1]),
};
