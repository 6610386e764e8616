// How masks are learned from boxes alone (Tian et al. 2021, BoxInst). Suffixes: I instances, H height, W width.

import { sharedCount, type StepRanks } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { diceLoss } from './losses.ts';

/** The neighbours that a pixel is compared with, [row, column]: a 3x3 window at every second pixel, without its middle. */
export const NEIGHBOURS: readonly (readonly [number, number])[] = [-2, 0, 2].flatMap((row) =>
  [-2, 0, 2].flatMap((column) => (row === 0 && column === 0 ? [] : [[row, column] as const])),
);

/**
 * Projection loss [I] (equation 2): the shadows of a mask on both axes are those of its box. `logits_IHW`; `boxes_IHW` is
 * 1 inside of the boxes.
 */
export function projectionLoss(logits_IHW: tf.Tensor3D, boxes_IHW: tf.Tensor3D): tf.Tensor {
  return tf.tidy(() => {
    const rows = (x_IHW: tf.Tensor): tf.Tensor => largest(x_IHW);
    const columns = (x_IHW: tf.Tensor): tf.Tensor => largest(tf.transpose(x_IHW, [0, 2, 1]));
    const masks = tf.sigmoid(logits_IHW);
    const along = (of: typeof rows): tf.Tensor => diceLoss(of(masks), of(boxes_IHW));
    return tf.add(along(rows), along(columns));
  });
}

/** The largest number of the last axis. Of equal ones the first alone gets the gradient, where tfjs gives it to all. */
function largest(x: tf.Tensor): tf.Tensor {
  const chosen = tf.oneHot(tf.argMax(x, -1), x.shape.at(-1)!, 1, 0, 'float32');
  return tf.sum(tf.mul(x, chosen), -1);
}

/**
 * -log of the probability that a pixel and its neighbour belong together, both in the mask or both not (equation 4)
 * [I, H, W, 8]; beyond the border every neighbour agrees.
 */
export function pairwiseTerms(logits_IHW: tf.Tensor3D): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = logits_IHW.shape;
    const inside = tf.neg(tf.softplus(tf.neg(logits_IHW)));
    const outside = tf.neg(tf.softplus(logits_IHW));
    const [aroundIn, aroundOut] = [inside, outside].map((x) =>
      tf.pad(x, [
        [0, 0],
        [2, 2],
        [2, 2],
      ]),
    );
    const terms = NEIGHBOURS.map(([row, column]) => {
      const of = (padded: tf.Tensor): tf.Tensor =>
        tf.slice(padded, [0, 2 + row, 2 + column], [-1, height, width]);
      const both = tf.add(inside, of(aroundIn!));
      const neither = tf.add(outside, of(aroundOut!));
      return tf.neg(tf.add(neither, tf.softplus(tf.sub(both, neither))));
    });
    return tf.stack(terms, -1) as tf.Tensor4D;
  });
}

export interface PairwiseOptions {
  /** Colours at least so similar count; 0.3 unless given. */
  readonly threshold?: number;
  /** Mini-batches over which the loss grows to its full weight, and how many there were, this one included. */
  readonly warmup?: { readonly over: number; readonly done: number | tf.Scalar };
  /** The ranks that share the mini-batch, where several do. */
  readonly ranks?: StepRanks | undefined;
}

/**
 * Pairwise loss (equation 5): pixels in a box whose colours are alike, `similarity_IHW8`, belong together; the mean over
 * those pairs.
 */
export function pairwiseLoss(
  logits_IHW: tf.Tensor3D,
  similarity_IHW8: tf.Tensor4D,
  boxes_IHW: tf.Tensor3D,
  { threshold = 0.3, warmup, ranks }: PairwiseOptions = {},
): tf.Scalar {
  return tf.tidy(() => {
    const alike = tf.cast(tf.greaterEqual(similarity_IHW8, threshold), 'float32');
    const weights = tf.mul(alike, tf.expandDims(boxes_IHW, -1));
    const pairs = sharedCount(tf.sum(weights), 1, ranks);
    const mean = tf.div(tf.sum(tf.mul(pairwiseTerms(logits_IHW), weights)), pairs);
    const grown = warmup === undefined ? 1 : tf.minimum(tf.div(warmup.done, warmup.over), 1);
    return tf.mul(mean, grown) as tf.Scalar;
  });
}
