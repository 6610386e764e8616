import { type Collate, type Data, type Dataset, MaNetError, type SplitFacts } from '@ma-net/core';
import type { Augmentation } from './augment.ts';
import { batchesInOrder, recalibrationOf } from './batches/evaluation.ts';
import { imageCollate } from './batches/image-collate.ts';
import { createSource } from './batches/source.ts';
import { halves, holdOut, holdOutLast } from './batches/split.ts';
import { datasetOf, type Splits } from './image-set.ts';
import type { ImageSample } from './sample.ts';
import { type ImageBatch, tensorSource, uploadBatches } from './tensors.ts';

export interface ImageDataOptions {
  readonly augment?: Augmentation | readonly Augmentation[];
  /** Part of the training images that is held out, by class; 0 is none. */
  readonly validation?: number;
  /** Instead of a part: so many, the last ones. */
  readonly validationLast?: number;
  /** Decides which. */
  readonly validationSeed?: number;
}

/** Labelled images in memory as a run draws from them; test batches are filled up with images of label -1. */
export async function imageData(
  { train: set, test }: Splits,
  { augment = {}, validation = 0, validationLast = 0, validationSeed = 0 }: ImageDataOptions = {},
): Promise<Data<ImageBatch>> {
  const { classNames, shape, normalisation, white } = set;
  const [height, width, channels] = shape;
  refuseBoth(validation, validationLast);
  const parts =
    validationLast > 0
      ? await holdOutLast(datasetOf(set), validationLast)
      : validation > 0
        ? await holdOut(datasetOf(set), validation, validationSeed)
        : undefined;
  const train = parts?.train ?? datasetOf(set);
  const collateOf = (
    batch: number,
    of: Augmentation | readonly Augmentation[],
    views = 1,
  ): Collate<ImageSample> =>
    imageCollate({
      buckets: [{ height, width, batch }],
      channels,
      white,
      normalisation,
      classes: classNames.length,
      augment: of,
      views,
    });
  const inOrder = (dataset: Dataset<ImageSample>) => (batchSize: number) =>
    uploadBatches(batchesInOrder(dataset, collateOf(batchSize, {})));
  // Refuses what cannot be done to these images before anything is drawn.
  collateOf(1, augment);
  return {
    facts: {
      classNames,
      shapes: { images: shape },
      input: { mean: normalisation.mean, std: normalisation.std, white },
    },
    train: factsOf(train),
    test: factsOf(datasetOf(test)),
    open: async ({ batchSize, rng, views }) => {
      const splits = halves(train, ['weights', 'alphas'], validationSeed);
      return tensorSource(createSource(train, collateOf(batchSize, augment, views), { rng, splits }));
    },
    testBatches: inOrder(datasetOf(test)),
    recalibrationBatches: (batchSize) => uploadBatches(recalibrationOf(train, collateOf(batchSize, {}))),
    ...(parts === undefined
      ? {}
      : { validation: factsOf(parts.validation), validationBatches: inOrder(parts.validation) }),
  };
}

function refuseBoth(validation: number, validationLast: number): void {
  if (validation === 0 || validationLast === 0) return;
  throw new MaNetError('bad-argument', 'Validation images are asked for twice.', {
    where: 'validation, validationLast',
    hint: 'give a part of every class, or how many of the last images.',
  });
}

const factsOf = ({ name, size: samples, fingerprint }: Dataset<ImageSample>): SplitFacts => ({
  name,
  samples,
  fingerprint,
});
