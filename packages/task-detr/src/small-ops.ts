// Layers without weights that dynamic heads are made of.

import type { Op } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/** min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
export const hardSigmoid: Op<null> = {
  kind: 'detr.hardSigmoid',
  describe: (_, __, [x]) => x!,
  execute: (_, __, [x]) => hardSigmoidOf(x!),
};

const hardSigmoidOf = (x: tf.Tensor): tf.Tensor => tf.div(tf.clipByValue(tf.add(x, 3), 0, 6), 6);

export interface TakeChannelsOptions {
  readonly start: number;
  readonly count: number;
}

/** `count` channels from `start` on. They have places, so that none can be cut. */
export const takeChannels: Op<TakeChannelsOptions> = {
  kind: 'detr.takeChannels',
  describe(on, _, [x], { start, count }) {
    const { shape, stride } = x!;
    const channels = shape.at(-1)!;
    if (on.whole('start', start, 0) + on.whole('count', count, 1) > channels) {
      on.refuse(`There are ${channels} channels, not ${start + count}.`, 'take fewer of them.');
    }
    on.pin(x!);
    return { shape: [...shape.slice(0, -1), count], spaces: [on.positions(count)], stride };
  },
  execute(_, __, [x], { start, count }) {
    const { rank } = x!;
    const begin = Array<number>(rank).fill(0);
    const size = Array<number>(rank).fill(-1);
    [begin[rank - 1], size[rank - 1]] = [start, count];
    return tf.slice(x!, begin, size);
  },
};

/** The mean of values of one shape, each times a number of its own [1]: the inputs are x, its number, the next x, ... */
export const weightedMean: Op<null> = {
  kind: 'detr.weightedMean',
  describe(on, _, inputs) {
    const [first] = inputs;
    for (let i = 0; i < inputs.length; i += 2) {
      const [x, weight] = [inputs[i]!, inputs[i + 1]];
      if (x.shape.join() !== first!.shape.join() || weight?.shape.join() !== '1') {
        on.refuse('A mean needs values of one shape, and a number for each.', 'give x, [1], x, [1], ...');
      }
      if (i > 0) on.join(first!, x);
    }
    return first!;
  },
  execute(_, __, inputs) {
    const terms = inputs.flatMap((x, i) => {
      if (i % 2 === 1) return [];
      const weight = inputs[i + 1]!;
      return [tf.mul(x, tf.reshape(weight, [weight.shape[0]!, ...x.shape.slice(1).map(() => 1)]))];
    });
    return tf.div(tf.addN(terms), terms.length);
  },
};

/**
 * DyReLU (Chen et al. 2020, equation 2, as the public code of dynamic heads has it): max(a1 x + b1, a2 x + b2) channel by
 * channel. The second input [4 C] gives a1, b1, a2, b2 before a hard sigmoid h: slopes 2 (h - 0.5), 1 more for a1, and
 * offsets h - 0.5. With h = 0.5 it is ReLU.
 */
export const dynamicRelu: Op<null> = {
  kind: 'detr.dynamicRelu',
  describe(on, _, [x, coefficients]) {
    if (coefficients!.shape.join() !== String(4 * x!.shape.at(-1)!)) {
      on.refuse(
        `Coefficients of [${coefficients!.shape.join(', ')}] do not fit ${x!.shape.at(-1)!} channels.`,
        'give four for each channel.',
      );
    }
    on.pin(x!);
    on.pin(coefficients!);
    return x!;
  },
  execute(_, __, [x, coefficients]) {
    const [batch, channels] = [x!.shape[0]!, x!.shape.at(-1)!];
    const h = tf.sub(hardSigmoidOf(coefficients!), 0.5);
    const [a1, b1, a2, b2] = tf
      .split(h, 4, -1)
      .map((part) => tf.reshape(part, [batch, ...x!.shape.slice(1, -1).map(() => 1), channels]));
    const line = (slope: tf.Tensor, offset: tf.Tensor): tf.Tensor => tf.add(tf.mul(x!, slope), offset);
    return tf.maximum(line(tf.add(tf.mul(a1!, 2), 1), b1!), line(tf.mul(a2!, 2), b2!));
  },
};

/** `x` [h, w, C] at the size of the second input [H, W, D]: interpolated, with corners upon corners. */
export const resizedLike: Op<null> = {
  kind: 'detr.resizedLike',
  describe(on, _, [x, like]) {
    if (x!.shape.length !== 3 || like!.shape.length !== 3) {
      on.refuse('Only images can be resized.', 'give [H, W, C], and another one for the size.');
    }
    return { shape: [...like!.shape.slice(0, 2), x!.shape[2]!], spaces: x!.spaces, stride: like!.stride };
  },
  execute(_, __, [x, like]) {
    const [batch, height, width, channels] = x!.shape as [number, number, number, number];
    const [tall, wide] = like!.shape.slice(1) as [number, number];
    // As products with matrices, whose gradients every backend has: rows first, then columns.
    const rows = tf.matMul(
      tf.tile(tf.expandDims(stretching(height, tall), 0), [batch, 1, 1]),
      tf.reshape(x!, [batch, height, width * channels]),
    );
    const columns = tf.matMul(
      tf.tile(tf.expandDims(stretching(width, wide), 0), [batch * tall, 1, 1]),
      tf.reshape(rows, [batch * tall, width, channels]),
    );
    return tf.reshape(columns, [batch, tall, wide, channels]);
  },
};

/** Share of each of `size` positions in each of `to` [to, size]. */
function stretching(size: number, to: number): tf.Tensor2D {
  const values = new Float32Array(to * size);
  for (let i = 0; i < to; i++) {
    const at = to === 1 ? 0 : (i * (size - 1)) / (to - 1);
    const before = Math.min(Math.floor(at), size - 1);
    const after = Math.min(before + 1, size - 1);
    values[i * size + before]! += 1 - (at - before);
    values[i * size + after]! += at - before;
  }
  return tf.tensor2d(values, [to, size]);
}
