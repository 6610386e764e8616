import { MaNetError, Rng } from '@ma-net/core';
import { imageWriter, UNTOUCHED } from './augment.ts';
import type { ImageSet } from './image-set.ts';
import { createStream, type HostBatch } from './stream.ts';

/** Batches that can be walked through again and again. */
export interface Batches extends Iterable<HostBatch> {
  /** Number of batches. */
  readonly length: number;
}

/**
 * Every image once, in order, normalised, never augmented. All batches have the same shape: the last one is
 * filled with zero images of label -1, and `count` says how many are real.
 */
export function evaluationBatches(set: ImageSet, batchSize: number): Batches {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new MaNetError('bad-argument', `A batch of ${batchSize} images cannot be made.`, {
      where: `evaluation of "${set.name}"`,
      hint: 'give a whole batch size of at least 1.',
    });
  }
  const size = set.labels.length;
  const [height, width, channels] = set.shape;
  const writer = imageWriter(set);
  return {
    length: Math.ceil(size / batchSize),
    *[Symbol.iterator]() {
      for (let start = 0; start < size; start += batchSize) {
        const count = Math.min(batchSize, size - start);
        const images = new Float32Array(batchSize * height * width * channels);
        const labels = new Int32Array(batchSize).fill(-1);
        for (let b = 0; b < count; b++) writer.write(start + b, UNTOUCHED, images, b);
        labels.set(set.labels.subarray(start, start + count));
        yield { images, labels, shape: [batchSize, height, width, channels], count };
      }
    },
  };
}

/**
 * Unaugmented training images for re-estimating running statistics (section 11 of docs/algorithm.md): full
 * mini-batches in an order that is random but always the same.
 */
export function recalibrationBatches(set: ImageSet, batchSize: number, batches = 20): Batches {
  return {
    length: batches,
    *[Symbol.iterator]() {
      const stream = createStream(set, { batchSize, rng: Rng.fromSeed(0).split('recalibration') });
      for (let i = 0; i < batches; i++) yield stream.next();
    },
  };
}
