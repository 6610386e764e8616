import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { imageOf } from '../shapes.ts';

/** [B, H, W, C] -> [B, H * W, C]. */
export const tokens: Op<null> = {
  kind: 'tokens',
  describe(on, _, [x]) {
    const [height, width, channels] = imageOf(on, x!);
    return { ...x!, shape: [height * width, channels] };
  },
  execute: (_, __, [x]) => tf.reshape(x!, [x!.shape[0]!, -1, x!.shape[3]!]),
};
