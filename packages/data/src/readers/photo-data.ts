// Photographs as a run draws from them: a data set behind the contract, the batches of its training and of its test
// images, and a part held out for validation.

import { availableParallelism } from 'node:os';
import { type Bucket, type Data, type Dataset, MaNetError } from '@ma-net/core';
import type { Augmentation } from '../augment.ts';
import { batchesInOrder, recalibrationOf } from '../batches/evaluation.ts';
import type { ImageCollateOptions } from '../batches/image-collate.ts';
import { createSource } from '../batches/source.ts';
import { halves, holdOut } from '../batches/split.ts';
import type { Normalisation } from '../image-set.ts';
import { measured } from '../photos/measured.ts';
import { photoCollate } from '../photos/photo-collate.ts';
import type { ImageSample } from '../sample.ts';
import { type ImageBatch, tensorSource, uploadBatches } from '../tensors.ts';
import type { Interpolation } from '../transforms/resize.ts';
import { workerCrew } from '../workers/crew.ts';
import { PHOTO_NORMALISATION, type PhotoSets } from './photo-sets.ts';

export interface PhotoDataOptions {
  /** Side of the square images that a network sees. */
  readonly size: number;
  /** Shapes of training batches beside the square one, for images of other proportions; `batch` is the recipe's. */
  readonly shapes?: readonly { readonly height: number; readonly width: number }[];
  readonly augment?: Augmentation | readonly Augmentation[];
  /** Part of the training images that is held out, by class; 0 is none. */
  readonly validation?: number;
  /** Decides which. */
  readonly validationSeed?: number;
  /** Measure on the training images where there are no others. */
  readonly measureOnTraining?: boolean;
  /** Threads that decode and augment; as many as there are processors, less one, unless given. Changes no number. */
  readonly workers?: number;
  readonly corrupt?: 'error' | 'skip';
  /** What is cut from the middle of a test image, of its shorter side; 0.875 unless given. */
  readonly crop?: number;
  readonly interpolation?: Interpolation;
  readonly normalisation?: Normalisation;
}

/**
 * Batches over `sets`. Without test images, what is held out for validation is all there is to measure on, so a
 * validation part, or leave to measure on the training images, is needed then: `bad-argument` says so.
 */
export async function photoData(sets: PhotoSets, options: PhotoDataOptions): Promise<Data<ImageBatch>> {
  const { size, shapes = [], validation = 0, validationSeed = 0, augment = {} } = options;
  const workers = options.workers ?? Math.max(1, availableParallelism() - 1);
  const { mean, std } = options.normalisation ?? PHOTO_NORMALISATION;
  const parts = validation > 0 ? await holdOut(sets.train, validation, validationSeed) : undefined;
  const rest = parts?.train ?? sets.train;
  const train = shapes.length === 0 ? rest : await measured(rest);
  const test = sets.test ?? parts?.validation ?? (options.measureOnTraining === true ? rest : undefined);
  if (test === undefined) {
    throw new MaNetError('bad-argument', 'There are no test images, and none are held out.', {
      where: `"${sets.train.name}"`,
      hint: 'set data.validation=0.1, or put the images into train/ and val/.',
    });
  }
  const asEvaluated = {
    ...(options.crop === undefined ? {} : { crop: options.crop }),
    ...(options.interpolation === undefined ? {} : { interpolation: options.interpolation }),
  };
  const collateOf = (batch: number, more: Partial<ImageCollateOptions> = {}) =>
    photoCollate({
      buckets: [{ height: size, width: size, batch }],
      channels: 3,
      white: 255,
      normalisation: { mean, std },
      classes: sets.classNames.length,
      ...asEvaluated,
      corrupt: options.corrupt ?? 'error',
      ...more,
    });
  const inOrder = (dataset: Dataset<ImageSample>) => (batchSize: number) =>
    uploadBatches(batchesInOrder(dataset, collateOf(batchSize)));
  const factsOf = ({ name, size: samples, fingerprint }: Dataset<ImageSample>) => ({
    name,
    samples,
    fingerprint,
  });

  return {
    facts: {
      classNames: sets.classNames,
      shapes: { images: [size, size, 3] },
      input: { mean, std, white: 255, ...asEvaluated },
    },
    train: factsOf(train),
    test: factsOf(test),
    async open({ batchSize: batch, rng, views = 1 }) {
      const buckets: Bucket[] = [{ height: size, width: size }, ...shapes].map((shape) => ({
        ...shape,
        batch,
      }));
      const collate = collateOf(batch, { buckets, augment, views });
      const crew = workers === 0 ? {} : { crew: workerCrew(collate, workers) };
      const splits = halves(train, ['weights', 'alphas'], validationSeed);
      return tensorSource(createSource(train, collate, { rng, splits, ...crew }));
    },
    testBatches: inOrder(test),
    recalibrationBatches: (batchSize) => uploadBatches(recalibrationOf(train, collateOf(batchSize))),
    ...(parts === undefined
      ? {}
      : { validation: factsOf(parts.validation), validationBatches: inOrder(parts.validation) }),
  };
}
