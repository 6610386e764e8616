import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { alignedBilinear } from './dynamic-masks.ts';

/** [B, H, W, C] -> [B, times H, times W, C], interpolated so that pixels stay where they are: see `alignedBilinear`. */
export const alignedUpsample: Op<{ readonly times: number }> = {
  kind: 'alignedUpsample',
  describe(on, _, [x], { times }) {
    if (x!.shape.length !== 3) {
      on.refuse(`An image is resized, not [${x!.shape.join(', ')}].`, 'give [height, width, channels].');
    }
    const [height, width, channels] = x!.shape as readonly [number, number, number];
    on.whole('times', times, 1);
    return { shape: [height * times, width * times, channels], spaces: x!.spaces, stride: x!.stride / times };
  },
  execute(_, __, [x], { times }) {
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const maps_MHW = tf.reshape(tf.transpose(x!, [0, 3, 1, 2]), [batch * channels, height, width]);
    const large = alignedBilinear(maps_MHW as tf.Tensor3D, times);
    const apart = tf.reshape(large, [batch, channels, height * times, width * times]);
    return tf.transpose(apart, [0, 2, 3, 1]);
  },
};
