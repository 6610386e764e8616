// Images with objects as a run draws from them.

import { type Collate, type Data, type Dataset, MaNetError, type SplitFacts } from '@ma-net/core';
import {
  type Crew,
  createSource,
  halves,
  holdOut,
  type Normalisation,
  recalibrationOf,
  subset,
  tensorSource,
  uploadBatches,
} from '@ma-net/data';
import { type CocoBatch, cocoBatchesInOrder } from './batch.ts';
import { cocoCollate, type CocoCollateOptions, type CocoSample } from './collate.ts';
import type { ViewOptions } from './view.ts';

/** Training and test images of one list of classes; without test images, what is held out is measured on. */
export interface CocoSets {
  readonly classNames: readonly string[];
  /** The id of each class in its file. */
  readonly classIds?: readonly number[];
  readonly train: Dataset<CocoSample>;
  readonly test?: Dataset<CocoSample>;
}

export interface CocoDataOptions extends ViewOptions {
  /** Shapes of batches; sides are multiples of the largest stride of the network. An image goes where it fits best. */
  readonly buckets: readonly { readonly height: number; readonly width: number }[];
  /** Room for so many objects an image. */
  readonly objects: number;
  /** Of the channels in the order that the network sees them; ImageNet's unless given. */
  readonly normalisation?: Normalisation;
  /** The pixel value that counts as 1 for it; 255 unless given. */
  readonly white?: number;
  /** RGB unless given. */
  readonly channels?: 'RGB' | 'BGR';
  /** Masks are given to train on, at every so many pixels. */
  readonly maskStride?: number;
  /** Part of the training images that is held out; 0 is none. */
  readonly validation?: number;
  /** Decides which. */
  readonly validationSeed?: number;
  /** Use only the first so many images. */
  readonly trainLimit?: number;
  readonly testLimit?: number;
}

/** Who makes batches: this thread, without files, unless given. */
export interface CocoMakers {
  readonly collate?: (options: CocoCollateOptions) => Collate<CocoSample>;
  readonly crew?: (collate: Collate<CocoSample>) => Crew<CocoSample> | undefined;
}

/** Of red, green and blue from 0 to 1, over ImageNet. */
const IMAGENET: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Throws `bad-argument` where there is nothing to measure on, or fewer images than a limit says. */
export async function cocoData(
  sets: CocoSets,
  options: CocoDataOptions,
  { collate = cocoCollate, crew = () => undefined }: CocoMakers = {},
): Promise<Data<CocoBatch>> {
  const { buckets, objects, validation = 0, validationSeed = 0, maskStride } = options;
  const { normalisation = IMAGENET, white = 255, channels = 'RGB' } = options;
  const limited = await firstOf(sets.train, options.trainLimit);
  const parts = validation > 0 ? await holdOut(limited, validation, validationSeed) : undefined;
  const train = parts?.train ?? limited;
  const given = sets.test ?? parts?.validation;
  if (given === undefined) {
    throw new MaNetError('bad-argument', 'There are no test images, and none are held out.', {
      where: `"${sets.train.name}"`,
      hint: 'set data.validation=0.1, or add a file of annotations of test images.',
    });
  }
  const test = sets.test === undefined ? given : await firstOf(given, options.testLimit);
  const collateOf = (batch: number, more: Partial<CocoCollateOptions> = {}): Collate<CocoSample> =>
    collate({
      ...viewOf(options),
      buckets: buckets.map((shape) => ({ ...shape, batch, objects })),
      normalisation,
      white,
      channels,
      ...(maskStride === undefined ? {} : { maskStride }),
      augment: false,
      ...more,
    });
  const inOrder = (dataset: Dataset<CocoSample>) => (batchSize: number) =>
    uploadBatches<CocoBatch>(cocoBatchesInOrder(dataset, collateOf(batchSize, { truths: true })));
  const { height, width } = buckets[0]!;

  return {
    facts: {
      classNames: sets.classNames,
      ...(sets.classIds === undefined ? {} : { classIds: sets.classIds }),
      shapes: { images: [height, width, 3] },
      input: {
        ...normalisation,
        white,
        whole: {
          shorter: options.shorter.at(-1)!,
          longest: options.longest,
          rounding: options.rounding,
          buckets: buckets.map((bucket) => ({ height: bucket.height, width: bucket.width })),
          channels,
        },
      },
    },
    train: factsOf(train),
    test: factsOf(test),
    async open({ batchSize, rng, views = 1 }) {
      const made = collateOf(batchSize, { augment: true, views });
      const others = crew(made);
      return tensorSource<CocoBatch>(
        createSource(train, made, {
          rng,
          splits: halves(train, ['weights', 'alphas'], validationSeed),
          ...(others === undefined ? {} : { crew: others }),
        }),
      );
    },
    testBatches: inOrder(test),
    recalibrationBatches: (batchSize) =>
      uploadBatches<CocoBatch>(recalibrationOf(train, collateOf(batchSize))),
    ...(parts === undefined
      ? {}
      : { validation: factsOf(parts.validation), validationBatches: inOrder(parts.validation) }),
  };
}

function viewOf({ shorter, longest, rounding, flip, crop }: ViewOptions): ViewOptions {
  return {
    shorter,
    longest,
    rounding,
    ...(flip === undefined ? {} : { flip }),
    ...(crop === undefined ? {} : { crop }),
  };
}

async function firstOf(
  dataset: Dataset<CocoSample>,
  limit: number | undefined,
): Promise<Dataset<CocoSample>> {
  if (limit === undefined || limit === dataset.size) return dataset;
  if (Number.isInteger(limit) && limit >= 1 && limit < dataset.size)
    return subset(
      dataset,
      Uint32Array.from({ length: limit }, (_, i) => i),
    );
  throw new MaNetError('bad-argument', `${limit} images are asked for, and there are ${dataset.size}.`, {
    where: `"${dataset.name}"`,
    hint: `give a whole number from 1 to ${dataset.size}, or leave the limit out to use all.`,
  });
}

const factsOf = ({ name, size: samples, fingerprint }: Dataset<CocoSample>): SplitFacts => ({
  name,
  samples,
  fingerprint,
});
