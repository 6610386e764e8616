import type * as tf from '@tensorflow/tfjs-core';
import { globalAveragePool as mean } from '../layers.ts';
import type { Op } from '../op.ts';
import { imageOf } from '../shapes.ts';

/** [B, H, W, C] -> [B, C]. */
export const globalAveragePool: Op<null> = {
  kind: 'globalAveragePool',
  describe: (on, _, [x]) => ({ shape: [imageOf(on, x!)[2]], spaces: x!.spaces, stride: 0 }),
  execute: (_, __, [x]) => mean(x as tf.Tensor4D),
};
