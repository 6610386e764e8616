// The four losses of Faster R-CNN. Suffixes: B images, N anchors of all levels, S sampled anchors, R sampled boxes, K classes.

import { sharedCount, type StepRanks } from '@ma-net/core';
import { binaryCrossEntropy, smoothL1 } from '@ma-net/detection';
import * as tf from '@tensorflow/tfjs-core';
import { RCNN_LEVELS } from './network.ts';
import type { RcnnRules } from './rules.ts';

type Tensors = Readonly<Record<string, tf.Tensor>>;

export interface RcnnLosses {
  /** Whether an anchor holds an object. */
  readonly objectness: tf.Scalar;
  /** Where it is, from the anchor. */
  readonly proposals: tf.Scalar;
  /** What a box holds. */
  readonly classes: tf.Scalar;
  /** Where it is, from the proposal. */
  readonly boxes: tf.Scalar;
}

/** Of the network's outputs, and of what `rpnTargets` and `roiTargets` say. */
export function rcnnLosses(
  outputs: Tensors,
  targets: Tensors,
  rules: RcnnRules,
  ranks?: StepRanks,
): RcnnLosses {
  return tf.tidy(() => ({
    ...rpnLosses(outputs, targets, rules, ranks),
    ...roiLosses(outputs, targets, rules, ranks),
  }));
}

function rpnLosses(
  outputs: Tensors,
  targets: Tensors,
  { rpn, beta }: RcnnRules,
  ranks: StepRanks | undefined,
): Pick<RcnnLosses, 'objectness' | 'proposals'> {
  const labels_BS = targets['rpnLabels_BS']!;
  const [batch, room] = labels_BS.shape as [number, number];
  const joined = (what: 'objectness' | 'deltas', width: number): tf.Tensor2D => {
    const levels = RCNN_LEVELS.map((level) => tf.reshape(outputs[`${level}.${what}`]!, [batch, -1, width]));
    return tf.reshape(tf.concat(levels, 1), [-1, width]);
  };
  const [logits, deltas] = [joined('objectness', 1), joined('deltas', 4)];
  const start_B1 = tf.mul(tf.range(0, batch, 1, 'int32'), logits.shape[0] / batch);
  const indices = tf.reshape(tf.add(targets['rpnIndices_BS']!, tf.reshape(start_B1, [batch, 1])), [-1]);
  const at = tf.cast(indices, 'int32') as tf.Tensor1D;
  const labels = tf.reshape(labels_BS, [-1]);
  const real = tf.cast(tf.greaterEqual(labels, 0), 'float32');
  const positive = tf.relu(labels);
  const per = rpn.per === 'room' ? tf.scalar(batch * room) : sharedCount(tf.sum(real), 1, ranks);
  const objectness = binaryCrossEntropy(tf.reshape(tf.gather(logits, at), [-1]), positive);
  const apart = tf.sub(tf.gather(deltas, at), tf.reshape(targets['rpnDeltas_BS4']!, [-1, 4]));
  return {
    objectness: tf.div(tf.sum(tf.mul(objectness, real)), per),
    proposals: tf.div(tf.sum(tf.mul(smoothL1(apart, beta), tf.reshape(positive, [-1, 1]))), per),
  };
}

function roiLosses(
  { classes: logits_BRK, boxes }: Tensors,
  targets: Tensors,
  { roi, beta }: RcnnRules,
  ranks: StepRanks | undefined,
): Pick<RcnnLosses, 'classes' | 'boxes'> {
  const labels_BR = tf.cast(targets['roiLabels_BR']!, 'int32');
  const [batch, room, all] = logits_BRK!.shape as [number, number, number];
  const background = all - 1;
  const real_BR = tf.cast(tf.greaterEqual(labels_BR, 0), 'float32');
  const positive_BR = tf.mul(real_BR, tf.cast(tf.less(labels_BR, background), 'float32'));
  const per = sharedCount(tf.sum(real_BR), 1, ranks);
  const first = roi.background === 'first';
  // Background comes last in targets; where it comes first, every class stands one further.
  const places_BR = first
    ? tf.mul(tf.add(labels_BR, 1), tf.cast(tf.notEqual(labels_BR, background), 'int32'))
    : labels_BR;
  const hot_BRK = tf.cast(tf.oneHot(tf.cast(places_BR, 'int32'), all), 'float32');
  const cross_BR = tf.neg(tf.sum(tf.mul(hot_BRK, tf.logSoftmax(logits_BRK!)), -1));

  const predicted_BRK4 = tf.reshape(boxes!, [batch, room, -1, 4]);
  const columns = predicted_BRK4.shape[2]!;
  const of_BRK = tf.mul(
    tf.cast(tf.oneHot(tf.cast(tf.add(labels_BR, first ? 1 : 0), 'int32'), columns), 'float32'),
    tf.expandDims(positive_BR, 2),
  );
  const own_BR4 = tf.sum(tf.mul(predicted_BRK4, tf.expandDims(of_BRK, 3)), 2);
  // Both are 0 where a box holds nothing.
  const apart_BR4 = tf.sub(own_BR4, targets['roiDeltas_BR4']!);
  return {
    classes: tf.div(tf.sum(tf.mul(cross_BR, real_BR)), per),
    boxes: tf.div(tf.sum(smoothL1(apart_BR4, beta)), per),
  };
}
