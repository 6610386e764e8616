import * as tf from '@tensorflow/tfjs-core';
import type { Op } from '../op.ts';
import { sampleAt } from '../sample-at.ts';
import { imageOf, text } from '../shapes.ts';

/**
 * An image at points between its positions: `x` [B, H, W, C] and `points` [B, K, 2] make [B, K, C]. A point is (x, y) as
 * parts of the width and the height, 0 at the left or upper edge, 1 at the other; positions have their values at their
 * centres, between four of them it is interpolated, and beyond the image is 0 (Jaderberg et al. 2015, Eq. 5; as
 * deformable attention samples, Zhu et al. 2021). Gradients flow to both. Channels pass.
 */
export const sample: Op<null> = {
  kind: 'sample',
  describe(on, _, [x, points]) {
    const [, , channels] = imageOf(on, x!);
    if (points!.shape.length !== 2 || points!.shape[1] !== 2) {
      on.refuse(`Points of ${text(points!.shape)} are no list of (x, y).`, 'give [K, 2] for each image.');
    }
    on.pin(points!);
    return { shape: [points!.shape[0]!, channels], spaces: x!.spaces, stride: 0 };
  },
  execute(_, __, [x, points]) {
    const [, height, width] = x!.shape as [number, number, number, number];
    const [u_BK, v_BK] = tf.unstack(tf.sub(tf.mul(points!, [width, height]), 0.5), 2) as [
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    return sampleAt(x as tf.Tensor4D, u_BK, v_BK);
  },
};
