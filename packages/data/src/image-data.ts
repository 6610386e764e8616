import type { BatchSource, Data, SplitFacts } from '@ma-net/core';
import type { Augmentation } from './augment.ts';
import { evaluationBatches, recalibrationBatches } from './batches.ts';
import type { ImageSet, Splits } from './image-set.ts';
import { type BatchStream, createStream } from './stream.ts';
import { type ImageBatch, tensorBatches, toTensors } from './tensors.ts';

/** Labelled images in memory as a run draws from them; test batches are filled up with images of label -1. */
export function imageData({ train, test }: Splits, augment: Augmentation = {}): Data<ImageBatch> {
  const { classNames, shape, normalisation, white } = train;
  return {
    facts: {
      classNames,
      shapes: { images: shape },
      input: { mean: normalisation.mean, std: normalisation.std, white },
    },
    train: factsOf(train),
    test: factsOf(test),
    open: ({ batchSize, rng }) => Promise.resolve(sourceOf(createStream(train, { batchSize, augment, rng }))),
    testBatches: (batchSize) => tensorBatches(evaluationBatches(test, batchSize)),
    recalibrationBatches: (batchSize) => tensorBatches(recalibrationBatches(train, batchSize)),
  };
}

function factsOf({ name, labels, fingerprint }: ImageSet): SplitFacts {
  return { name, samples: labels.length, fingerprint };
}

function sourceOf(stream: BatchStream): BatchSource<ImageBatch> {
  return {
    batchesPerEpoch: stream.batchesPerEpoch,
    next: () => Promise.resolve(toTensors(stream.next())),
    state: () => stream.state(),
    restore: (state) => stream.restore(state as ReturnType<BatchStream['state']>),
    close: () => Promise.resolve(),
  };
}
