// What a task of objects gets. Suffixes: B batch, H height, W width, C channels, N room for objects, h and w a part of H
// and W; T objects of all images, R run lengths.

import type { Collate, Dataset, HostBatch } from '@ma-net/core';
import { nearestBucket } from '@ma-net/data';
import { Rng } from '@ma-net/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { CocoSample } from './collate.ts';

/** A mini-batch of images with objects, as `cocoCollate` makes it. */
export type CocoBatch = {
  /** Normalised; 0 beyond an image. */
  readonly images_BHWC: tf.Tensor4D;
  /** x0, y0, x1, y1 in pixels of `images_BHWC`. */
  readonly boxes_BN4: tf.Tensor3D;
  /** int32; -1 is no object. */
  readonly labels_BN: tf.Tensor2D;
  /** float32, 0 and 1, at every so many pixels; where masks are asked for. */
  readonly masks_BNhw?: tf.Tensor4D;
  /** x, y of the mean pixel of each mask, in pixels of `images_BHWC`; where masks are asked for. */
  readonly centres_BN2?: tf.Tensor3D;
  /** int32: height and width of an image in the batch, without padding. */
  readonly sizes_B2: tf.Tensor2D;
  /** int32: height and width of the image itself. */
  readonly originals_B2: tf.Tensor2D;
  /** int32: which image of the data set; -1 is none. */
  readonly indices_B: tf.Tensor1D;
  // What test and validation batches carry beside, for a meter: `packTruths` of @ma-net/metrics.
  readonly truthImages_T?: tf.Tensor1D;
  readonly truthLabels_T?: tf.Tensor1D;
  readonly truthBoxes_T4?: tf.Tensor2D;
  readonly truthAreas_T?: tf.Tensor1D;
  readonly truthCrowds_T?: tf.Tensor1D;
  readonly truthRuns_T?: tf.Tensor1D;
  readonly truthCounts_R?: tf.Tensor1D;
};

/**
 * Every image once, as `collate` makes it (without augmentation, to be comparable): those of the first bucket in their
 * order, then those of the next. The last batch of each is filled up. One batch is made ahead.
 */
export async function* cocoBatchesInOrder(
  dataset: Dataset<CocoSample>,
  collate: Collate<CocoSample>,
): AsyncGenerator<HostBatch, void> {
  const { buckets } = collate;
  const sorted = buckets.map((): number[] => []);
  for (let i = 0; i < dataset.size; i++) {
    sorted[buckets.length === 1 ? 0 : nearestBucket(buckets, dataset.sizeOf!(i))]!.push(i);
  }
  let ahead: Promise<HostBatch> | undefined;
  for (const [k, bucket] of buckets.entries()) {
    for (let start = 0; start < sorted[k]!.length; start += bucket.batch) {
      const places = sorted[k]!.slice(start, start + bucket.batch);
      const made = Promise.all(places.map((index) => dataset.read(index)))
        .then((samples) => collate.batch(samples, bucket, Rng.fromSeed(0), places))
        .then(({ tensors }) => tensors);
      // Told when it is its turn.
      made.catch(() => undefined);
      if (ahead !== undefined) yield await ahead;
      ahead = made;
    }
  }
  if (ahead !== undefined) yield await ahead;
}
