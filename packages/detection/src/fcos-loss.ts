// Suffixes: B batch, P points of all levels, K classes.

import { sharedCount, type StepRanks } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { binaryCrossEntropy, centerness, distanceOverlap, focalLoss } from './losses.ts';

/** Of all levels, one after the other, as the head says it. */
export interface FcosOutputs {
  readonly cls_BPK: tf.Tensor;
  readonly ltrb_BP4: tf.Tensor;
  readonly ctr_BP1: tf.Tensor;
}

/** Static in shape, whatever is in the images. */
export interface FcosTargetTensors {
  /** int32; below 0 is background. */
  readonly labels_BP: tf.Tensor;
  /** In strides; anything where a point is background. */
  readonly distances_BP4: tf.Tensor;
}

export interface FcosLosses {
  readonly cls: tf.Scalar;
  readonly loc: tf.Scalar;
  readonly ctr: tf.Scalar;
}

/**
 * The losses of FCOS: focal loss over the points that stand for objects, generalised overlap weighted by centerness, and
 * cross-entropy of the centerness. Without any object the last two are 0. `ranks`: those that share the mini-batch.
 */
export function fcosLosses(
  { cls_BPK, ltrb_BP4, ctr_BP1 }: FcosOutputs,
  { labels_BP, distances_BP4 }: FcosTargetTensors,
  ranks?: StepRanks,
): FcosLosses {
  return tf.tidy(() => {
    const classes = cls_BPK.shape.at(-1)!;
    const positive_BP = tf.cast(tf.greaterEqual(labels_BP, 0), 'float32');
    const count = sharedCount(tf.sum(positive_BP), 1, ranks);
    const hot_BPK = tf.oneHot(tf.cast(labels_BP, 'int32'), classes);
    const cls = tf.sum(focalLoss(cls_BPK, tf.cast(hot_BPK, 'float32'), { alpha: 0.25, gamma: 2 }));
    // Background has no distances: those of a box around the point keep the sums finite.
    const none_BP4 = tf.expandDims(tf.sub(1, positive_BP), -1);
    const real_BP4 = tf.expandDims(positive_BP, -1);
    const target_BP4 = tf.add(tf.mul(distances_BP4, real_BP4), none_BP4);
    const found_BP4 = tf.add(tf.mul(ltrb_BP4, real_BP4), none_BP4);
    const centerness_BP = tf.mul(centerness(target_BP4), positive_BP);
    const { giou } = distanceOverlap(found_BP4, target_BP4);
    const loc = tf.sum(tf.mul(tf.sub(1, giou), centerness_BP));
    const ctr_BP = tf.squeeze(ctr_BP1, [-1]);
    const ctr = tf.sum(tf.mul(binaryCrossEntropy(ctr_BP, centerness_BP), positive_BP));
    return {
      cls: tf.div(cls, count) as tf.Scalar,
      loc: tf.div(loc, sharedCount(tf.sum(centerness_BP), 1e-6, ranks)) as tf.Scalar,
      ctr: tf.div(ctr, count) as tf.Scalar,
    };
  });
}
