import * as tf from '@tensorflow/tfjs-core';
import { forEveryImage } from '../layers.ts';
import type { Op } from '../op.ts';
import { sizeOf, text, tokensOf } from '../shapes.ts';

export interface MatmulOptions {
  /** Whether `b` is [M, K]: each of its tokens is compared with each place of `a`. */
  readonly transposeB?: boolean;
}

/**
 * Product of two values, image by image: a [..., K] times b [K, M] is [..., M]; learned ones are the same for every
 * image. The product needs all that it sums over. What `b` has for channels are those of the result; with `transposeB`
 * these are tokens, which nobody can cut.
 */
export const matmul: Op<MatmulOptions> = {
  kind: 'matmul',
  describe(on, _, [a, b], { transposeB = false }) {
    const [rows, channels] = tokensOf(on, b!);
    const [summed, out] = transposeB ? [channels, rows] : [rows, channels];
    if (a!.shape.at(-1) !== summed || a!.shape.length < 2) {
      on.refuse(
        `Cannot multiply ${text(a!.shape)} with ${text(b!.shape)}${transposeB ? ' transposed' : ''}.`,
        'give the first as many channels as the second has tokens, or channels where it is transposed.',
      );
    }
    on.macs(sizeOf(a!.shape) * out);
    on.pin(a!);
    if (transposeB) on.pin(b!);
    return {
      shape: [...a!.shape.slice(0, -1), out],
      spaces: transposeB ? [on.positions(out)] : b!.spaces,
      stride: a!.stride,
    };
  },
  execute(_, __, [a, b], { transposeB = false }) {
    const places = a!.shape.slice(1, -1);
    const out = b!.shape[transposeB ? 1 : 2]!;
    if (b!.shape[0] === 1) {
      const rows = tf.reshape(a!, [1, -1, a!.shape.at(-1)!]);
      return tf.reshape(tf.matMul(rows, b!, false, transposeB), [a!.shape[0]!, ...places, out]);
    }
    const rows = tf.reshape(a!, [a!.shape[0]!, -1, a!.shape.at(-1)!]);
    const [batch] = b!.shape as [number];
    const product = tf.matMul(forEveryImage(rows, batch), b!, false, transposeB);
    return tf.reshape(product, [batch, ...places, out]);
  },
};
