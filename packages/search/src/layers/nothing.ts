import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface NothingOptions {
  readonly stride: 1 | 2;
}

/** Zeros of the shape of `x`, or of half its sides: the operation `none` of a search. */
export const nothing: Op<NothingOptions> = {
  kind: 'search.nothing',
  describe(on, _, [x], { stride }) {
    const [height, width, channels] = x!.shape as readonly [number, number, number];
    const half = (side: number): number => Math.ceil(side / stride);
    if (x!.shape.length !== 3) on.refuse('Only of an image is there nothing.', 'apply it to an image.');
    return { shape: [half(height), half(width), channels], spaces: x!.spaces, stride: x!.stride * stride };
  },
  execute(_, __, [x], { stride }) {
    const seen = stride === 1 ? x! : tf.avgPool(x as tf.Tensor4D, 1, stride, 0);
    return tf.zerosLike(seen);
  },
};
