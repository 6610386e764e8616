// Losses of detectors, of tensors; means and weights are the caller's.

import * as tf from '@tensorflow/tfjs-core';

/** Binary cross-entropy of logits and targets in [0, 1], element by element, without overflow. */
export function binaryCrossEntropy(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.sub(tf.softplus(logits), tf.mul(logits, targets)));
}

export interface FocalOptions {
  /** Weight of the ones; zeros weigh the rest. */
  readonly alpha: number;
  /** How much less what is nearly right counts. */
  readonly gamma: number;
}

/** Focal loss (Lin et al. 2017, equation 5) of logits and targets of 0 and 1, element by element. */
export function focalLoss(logits: tf.Tensor, targets: tf.Tensor, { alpha, gamma }: FocalOptions): tf.Tensor {
  return tf.tidy(() => {
    const p = tf.sigmoid(logits);
    const missed = tf.add(p, tf.mul(targets, tf.sub(1, tf.mul(p, 2))));
    const weights = tf.add(tf.mul(targets, 2 * alpha - 1), 1 - alpha);
    return tf.mul(weights, tf.mul(tf.pow(missed, gamma), binaryCrossEntropy(logits, targets)));
  });
}

/** Smooth L1 (Girshick 2015, equation 3) of differences: a parabola below `beta`, L1 beyond; L1 where it is 0. */
export function smoothL1(differences: tf.Tensor, beta: number): tf.Tensor {
  if (beta === 0) return tf.abs(differences);
  return tf.tidy(() => {
    const size = tf.abs(differences);
    const near = tf.minimum(size, beta);
    return tf.add(tf.mul(tf.square(near), 0.5 / beta), tf.sub(size, near));
  });
}

/** Dice loss (Milletari et al. 2016) of probabilities and targets [..., P]: one number for every row [...]. */
export function diceLoss(probabilities: tf.Tensor, targets: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const both = tf.sum(tf.mul(probabilities, targets), -1);
    const all = tf.add(tf.sum(tf.square(probabilities), -1), tf.sum(tf.square(targets), -1));
    return tf.sub(1, tf.div(tf.mul(both, 2), tf.add(all, 1e-5)));
  });
}

/** Generalised intersection over union [N] of boxes `a` and `b` [N, 4], pair by pair (Rezatofighi et al. 2019). */
export function pairedGiou(a_N4: tf.Tensor, b_N4: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const [a, b] = [corners(a_N4), corners(b_N4)];
    const both = product(positive(tf.sub(tf.minimum(a.high, b.high), tf.maximum(a.low, b.low))));
    const union = tf.sub(tf.add(product(tf.sub(a.high, a.low)), product(tf.sub(b.high, b.low))), both);
    const hull = product(positive(tf.sub(tf.maximum(a.high, b.high), tf.minimum(a.low, b.low))));
    return tf.sub(ratio(both, union), ratio(tf.sub(hull, union), hull));
  });
}

export interface DistanceOverlap {
  readonly iou: tf.Tensor;
  readonly giou: tf.Tensor;
}

/**
 * Overlap [N] of boxes that are given as distances from one point (left, top, right, bottom) [N, 4]. FCOS's reference
 * code adds 1 to intersection and union, and so does this; the part of the hull that belongs to neither is plain.
 */
export function distanceOverlap(predicted_N4: tf.Tensor, target_N4: tf.Tensor): DistanceOverlap {
  return tf.tidy(() => {
    const sides = (of: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): tf.Tensor => {
      const { low, high } = corners(of(predicted_N4, target_N4));
      return product(tf.add(low, high));
    };
    const [both, hull] = [sides(tf.minimum), sides(tf.maximum)];
    const areas = [predicted_N4, target_N4].map((t) => product(tf.add(corners(t).low, corners(t).high)));
    const union = tf.sub(tf.add(areas[0]!, areas[1]!), both);
    const iou = tf.div(tf.add(both, 1), tf.add(union, 1));
    return { iou, giou: tf.sub(iou, ratio(tf.sub(hull, union), hull)) };
  });
}

/** Centerness [N] (Tian et al. 2019, equation 3) of points by their distances to the sides of their boxes [N, 4]. */
export function centerness(distances_N4: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const { low, high } = corners(distances_N4);
    return tf.sqrt(product(tf.div(tf.minimum(low, high), tf.maximum(tf.maximum(low, high), SMALLEST))));
  });
}

/** Against a division by zero; no box of a pixel comes near. */
const SMALLEST = 1e-7;

function ratio(part: tf.Tensor, whole: tf.Tensor): tf.Tensor {
  return tf.div(part, tf.maximum(whole, SMALLEST));
}

function positive(x: tf.Tensor): tf.Tensor {
  return tf.relu(x);
}

/** The first two and the last two of four numbers. */
function corners(x_N4: tf.Tensor): { readonly low: tf.Tensor; readonly high: tf.Tensor } {
  const [low, high] = tf.split(x_N4, 2, -1) as [tf.Tensor, tf.Tensor];
  return { low, high };
}

function product(x_N2: tf.Tensor): tf.Tensor {
  const [x, y] = tf.split(x_N2, 2, -1) as [tf.Tensor, tf.Tensor];
  return tf.squeeze(tf.mul(x, y), [-1]);
}
