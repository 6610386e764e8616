// Suffixes: B batch, H height, W width, C channels, K classes.

import { type Batch, type BatchSource, type HostBatch as HostTensors, uploadParams } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { HostSource } from './batches/source.ts';
import type { HostBatch } from './stream.ts';

/** A mini-batch of labelled images on the device. */
export type ImageBatch = {
  readonly images_BHWC: tf.Tensor4D;
  /** int32; -1 for padding. */
  readonly labels_B: tf.Tensor1D;
  /** float32; how much of each class an image is, where images are mixed. */
  readonly targets_BK?: tf.Tensor2D;
};

/** Uploads a batch. A backend may go on reading the arrays, so they must not be written to. The caller owns the tensors. */
export function toTensors({ images, labels, shape }: HostBatch): ImageBatch {
  return { images_BHWC: tf.tensor4d(images, [...shape]), labels_B: tf.tensor1d(labels, 'int32') };
}

/** Uploads batches one at a time, as they are asked for. The caller owns the tensors of each. */
export function* tensorBatches(batches: Iterable<HostBatch>): Generator<ImageBatch, void> {
  for (const batch of batches) yield toTensors(batch);
}

/** Uploads a batch by name, as `toTensors` does; `B` says what is in it. */
export function uploadBatch<B extends Batch = ImageBatch>(batch: HostTensors): B {
  return uploadParams(batch) as unknown as B;
}

/** Uploads batches one at a time, as they are asked for. The caller owns the tensors of each. */
export async function* uploadBatches<B extends Batch = ImageBatch>(
  batches: AsyncIterable<HostTensors>,
): AsyncGenerator<B, void> {
  for await (const batch of batches) yield uploadBatch<B>(batch);
}

/** What a trainer draws from: the batches of a source, uploaded when they are handed out. */
export function tensorSource<B extends Batch = ImageBatch>(source: HostSource): BatchSource<B> {
  return {
    batchesPerEpoch: source.batchesPerEpoch,
    views: source.views,
    next: async (split) => uploadBatch<B>(await source.next(split)),
    state: () => source.state(),
    restore: (state) => source.restore(state),
    share: (part) => source.share(part),
    close: () => source.close(),
  };
}
