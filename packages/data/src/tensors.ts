// Suffixes: B batch, H height, W width, C channels.

import * as tf from '@tensorflow/tfjs-core';
import type { HostBatch } from './stream.ts';

/** A mini-batch of labelled images on the device. */
export type ImageBatch = {
  readonly images_BHWC: tf.Tensor4D;
  /** int32; -1 for padding. */
  readonly labels_B: tf.Tensor1D;
};

/** Uploads a batch, taking its arrays over. The caller owns the tensors. */
export function toTensors({ images, labels, shape }: HostBatch): ImageBatch {
  return { images_BHWC: tf.tensor4d(images, [...shape]), labels_B: tf.tensor1d(labels, 'int32') };
}

/** Uploads batches one at a time, as they are asked for. The caller owns the tensors of each. */
export function* tensorBatches(batches: Iterable<HostBatch>): Generator<ImageBatch, void> {
  for (const batch of batches) yield toTensors(batch);
}
