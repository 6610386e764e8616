// From a recipe to something that can be trained (Node only, because data is read from disk).

import {
  assertSteps,
  type BatchSource,
  MaNetError,
  type Network,
  Rng,
  type Task,
  type Training,
} from '@ma-net/core';
import {
  type BatchStream,
  createStream,
  evaluationBatches,
  type ImageBatch,
  type ImageSet,
  recalibrationBatches,
  type Splits,
  tensorBatches,
  toTensors,
} from '@ma-net/data';
import { digits, readCifar10 } from '@ma-net/data/node';
import { select } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import {
  initialState,
  openMethod,
  type Run,
  type TrainingOptions,
  type TrainingState,
} from '@ma-net/trainer';
import { methodOf } from './methods.ts';
import type { Recipe } from './recipe.ts';

/** Everything a run is made of, but for where it is written and who listens. */
export interface OpenRun {
  readonly recipe: Recipe;
  readonly network: Network;
  readonly task: Task<ImageBatch>;
  readonly data: Splits;
  readonly source: BatchSource<ImageBatch>;
  /** The method, opened for this run. */
  readonly training: Training<ImageBatch>;
  readonly options: TrainingOptions;
  readonly evaluateEvery: number;
  readonly evaluationBatches: () => Iterable<ImageBatch>;
  readonly recalibrationBatches: () => Iterable<ImageBatch>;
  /** A state before the first mini-batch. */
  start(): TrainingState;
}

/** Images of a test batch for one of a mini-batch: without a backward pass there is room for more. */
const EVALUATION_FACTOR = 4;

/** Loads the data of a recipe and builds its networks. Throws what reading the data and the weights throws. */
export async function openRun(recipe: Recipe): Promise<OpenRun> {
  const data = await loadData(recipe.data);
  const network = await openNetwork(recipe.tnet, data.train);
  const { batchSize } = recipe;
  if (batchSize > data.train.labels.length) {
    throw new MaNetError(
      'bad-recipe',
      `A mini-batch of ${batchSize} is larger than the training set of ${data.train.labels.length} images.`,
      {
        where: 'batchSize',
        hint: `use at most ${data.train.labels.length}, or raise data.trainLimit.`,
      },
    );
  }
  const rng = Rng.fromSeed(recipe.seed).split('data');
  const stream = createStream(data.train, { batchSize, augment: recipe.data.augment, rng });
  const source = sourceOf(stream);
  const options = trainingOptions(recipe, stream.batchesPerEpoch);
  const { task, training } = openMethod(
    methodOf(recipe),
    classification(network, { labelSmoothing: recipe.labelSmoothing }),
    source,
    options,
  );
  const testBatch = Math.min(EVALUATION_FACTOR * batchSize, data.test.labels.length);
  return {
    recipe,
    network,
    task,
    data,
    source,
    training,
    options,
    evaluateEvery: Math.max(1, Math.round(recipe.evaluateEvery * stream.batchesPerEpoch)),
    evaluationBatches: () => tensorBatches(evaluationBatches(data.test, testBatch)),
    recalibrationBatches: () => tensorBatches(recalibrationBatches(data.train, batchSize)),
    start: () => initialState(task, training, recipe.seed),
  };
}

async function openNetwork(
  { name, modulateStem, modulateClassifier, weights }: Recipe['tnet'],
  { classNames, shape }: ImageSet,
): Promise<Network> {
  const given = weights === undefined ? {} : { weights };
  const network = await createTNet(name, { numClasses: classNames.length, inputShape: shape, ...given });
  return { ...network, kernels: select(network, { stem: modulateStem, outputs: modulateClassifier }) };
}

/** The numbers of a run that follow from a recipe and the size of its data. */
function trainingOptions(recipe: Recipe, batchesPerEpoch: number): TrainingOptions {
  const { learningRate, ...optimizer } = recipe.optimizer;
  return {
    seed: recipe.seed,
    budget: assertSteps(Math.max(1, Math.round(recipe.epochs * batchesPerEpoch)), 'epochs'),
    optimizer,
    learningRate,
    schedule: recipe.schedule,
  };
}

/** What `fit` needs of an open run. */
export function runOf({
  task,
  options,
  source,
  training,
  evaluateEvery,
  evaluationBatches,
  recipe,
}: OpenRun): Omit<Run<ImageBatch>, 'state' | 'listen'> {
  return {
    task,
    training,
    options,
    source,
    evaluateEvery,
    evaluationBatches,
    ...(recipe.saveEvery === undefined ? {} : { saveEvery: recipe.saveEvery }),
  };
}

async function loadData({ name, path, trainLimit, testLimit }: Recipe['data']): Promise<Splits> {
  const limits = {
    ...(trainLimit === undefined ? {} : { trainLimit }),
    ...(testLimit === undefined ? {} : { testLimit }),
  };
  switch (name) {
    case 'digits':
      return digits(limits);
    case 'cifar10':
      if (path === undefined) {
        throw new MaNetError('not-found', 'The recipe trains on CIFAR-10, and no folder of it was given.', {
          where: 'data.path',
          hint: 'pass --data <folder> with data_batch_1.bin, ..., test_batch.bin (the binary version of CIFAR-10).',
        });
      }
      return readCifar10(path, limits);
  }
}

function sourceOf(stream: BatchStream): BatchSource<ImageBatch> {
  return {
    batchesPerEpoch: stream.batchesPerEpoch,
    next: async () => toTensors(stream.next()),
    state: () => stream.state(),
    restore: (state) => stream.restore(state as ReturnType<BatchStream['state']>),
    close: async () => undefined,
  };
}

/** What a run records about its data. */
export function dataFacts({ train, test }: Splits): Record<string, unknown> {
  const facts = (set: ImageSet): Record<string, unknown> => ({
    name: set.name,
    images: set.labels.length,
    fingerprint: set.fingerprint,
  });
  return { train: facts(train), test: facts(test) };
}
