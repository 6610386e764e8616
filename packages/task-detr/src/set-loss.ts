// The loss of a set of predictions (Carion et al. 2020, section 3.1, equation 2). Suffixes: L layers, B images, Q queries,
// N room for objects, K classes.

import { sharedCount, type StepRanks, takeRows, type Terms } from '@ma-net/core';
import { focalLoss, pairedGiou } from '@ma-net/detection';
import * as tf from '@tensorflow/tfjs-core';
import type { Predicted } from './body.ts';
import type { Classification, SetWeights } from './set-match.ts';

export interface SetLossOptions {
  readonly classification: Classification;
  readonly weights: SetWeights;
}

export interface SetTargets {
  /** Middle x, middle y, width, height, as parts of the image. */
  readonly boxes_BN4: tf.Tensor3D;
  /** Int32; -1 is padding. */
  readonly labels_BN: tf.Tensor2D;
  /** The query of each object in each layer, -1 for none. */
  readonly queries_LBN: tf.Tensor3D;
  /** The class that each query answers for in each layer, int32; K for no object. */
  readonly classes_LBQ: tf.Tensor3D;
}

/** How many of each mini-batch's objects there are, at least 1. */
function objectCount(labels_BN: tf.Tensor, ranks: StepRanks | undefined): tf.Scalar {
  return sharedCount(tf.sum(tf.cast(tf.greaterEqual(labels_BN, 0), 'float32')), 1, ranks);
}

/**
 * The loss of all layers, and beside it those of the last: of classes `class`, of boxes `l1` and `giou`, not weighted. With
 * softmax besides: `classError`, the share of objects whose class is another, and `cardinalityError`, how many queries too
 * many or too few take themselves for objects.
 */
export function setLoss(
  layers: readonly Predicted<tf.Tensor>[],
  { boxes_BN4, labels_BN, queries_LBN, classes_LBQ }: SetTargets,
  { classification, weights }: SetLossOptions,
  ranks?: StepRanks,
): Terms {
  return tf.tidy(() => {
    const objects = objectCount(labels_BN, ranks);
    const target = cornersOf(boxes_BN4);
    const parts = layers.map(({ logits, boxes }, l) => {
      const [queries_BN, classes_BQ] = [layerOf(queries_LBN, l), layerOf(classes_LBQ, l)];
      const found_BN4 = takeRows(boxes as tf.Tensor3D, queries_BN);
      const there_BN = tf.cast(tf.greaterEqual(queries_BN, 0), 'float32');
      const mean = (of_BN: tf.Tensor): tf.Tensor => tf.div(tf.sum(tf.mul(of_BN, there_BN)), objects);
      const giou_BN = tf.reshape(
        pairedGiou(tf.reshape(cornersOf(found_BN4), [-1, 4]), tf.reshape(target, [-1, 4])),
        there_BN.shape,
      );
      return {
        class: classLoss(logits, classes_BQ, objects, classification, ranks),
        l1: mean(tf.sum(tf.abs(tf.sub(found_BN4, boxes_BN4)), -1)),
        giou: mean(tf.sub(1, giou_BN)),
      };
    });
    const weighted = parts.map((part) =>
      tf.addN((['class', 'l1', 'giou'] as const).map((name) => tf.mul(part[name], weights[name]))),
    );
    const last = parts.at(-1)! as Readonly<Record<'class' | 'l1' | 'giou', tf.Scalar>>;
    const { logits } = layers.at(-1)!;
    return {
      loss: tf.addN(weighted) as tf.Scalar,
      ...last,
      ...(classification.kind === 'softmax'
        ? countsOf(logits, layerOf(classes_LBQ, layers.length - 1), labels_BN)
        : {}),
    };
  });
}

function classLoss(
  logits_BQK: tf.Tensor,
  classes_BQ: tf.Tensor2D,
  objects: tf.Scalar,
  classification: Classification,
  ranks: StepRanks | undefined,
): tf.Tensor {
  const width = logits_BQK.shape.at(-1)!;
  if (classification.kind === 'focal') {
    // One more column for no object, which has no logit.
    const target = tf.slice(oneHot(classes_BQ, width + 1), [0, 0, 0], [-1, -1, width]);
    return tf.div(tf.sum(focalLoss(logits_BQK, target, classification)), objects);
  }
  const weights = new Float32Array(width).fill(1);
  weights[width - 1] = classification.noObject;
  const weighted = tf.mul(oneHot(classes_BQ, width), weights);
  const missed = tf.sum(tf.mul(weighted, tf.neg(tf.logSoftmax(logits_BQK, -1))));
  return tf.div(missed, sharedCount(tf.sum(weighted), 0, ranks));
}

function oneHot(classes_BQ: tf.Tensor2D, width: number): tf.Tensor3D {
  return tf.oneHot(classes_BQ, width, 1, 0, 'float32') as tf.Tensor3D;
}

function layerOf(x_LBN: tf.Tensor3D, layer: number): tf.Tensor2D {
  const [, batch, count] = x_LBN.shape;
  return tf.reshape(tf.slice(x_LBN, [layer, 0, 0], [1, batch, count]), [batch, count]);
}

function countsOf(
  logits_BQK: tf.Tensor,
  classes_BQ: tf.Tensor,
  labels_BN: tf.Tensor,
): Readonly<Record<'classError' | 'cardinalityError', tf.Scalar>> {
  const none = tf.scalar(logits_BQK.shape.at(-1)! - 1, 'int32');
  const said_BQ = tf.argMax(logits_BQK, -1);
  const number = (x: tf.Tensor): tf.Tensor => tf.cast(x, 'float32');
  const objects_BQ = tf.less(classes_BQ, none);
  const missed_BQ = tf.logicalAnd(objects_BQ, tf.notEqual(said_BQ, classes_BQ));
  const count_B = (of: tf.Tensor): tf.Tensor => tf.sum(number(of), -1);
  const there_B = count_B(tf.greaterEqual(labels_BN, 0));
  return {
    classError: tf.div(tf.sum(number(missed_BQ)), tf.maximum(tf.sum(number(objects_BQ)), 1)),
    cardinalityError: tf.mean(tf.abs(tf.sub(count_B(tf.notEqual(said_BQ, none)), there_B))),
  };
}

/** [..., 4] from middle x, middle y, width, height to x0, y0, x1, y1. */
function cornersOf(boxes: tf.Tensor): tf.Tensor {
  const [middle, size] = tf.split(boxes, 2, -1) as [tf.Tensor, tf.Tensor];
  const half = tf.mul(size, 0.5);
  return tf.concat([tf.sub(middle, half), tf.add(middle, half)], -1);
}
