// A training of seconds: a tiny ResNet on random images of three classes that differ in brightness.

import { magnitude, plain } from '@ma-net/baselines';
import { type BatchSource, type Method, type Params, Rng, type Task } from '@ma-net/core';
import {
  createImageSet,
  createStream,
  evaluationBatches,
  type ImageBatch,
  tensorBatches,
  toTensors,
} from '@ma-net/data';
import { maNet, type MaNetChoices } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import {
  initialState,
  openMethod,
  type Resumable,
  type Run,
  type TrainingOptions,
  type TrainingState,
} from '../src/index.ts';

const BATCH = 8;
export const EPOCH = 6;

interface Setup extends Resumable {
  readonly options: TrainingOptions;
  readonly training: Run<ImageBatch>['training'];
  readonly run: Omit<Run<ImageBatch>, 'state' | 'listen'>;
  readonly task: Task<ImageBatch>;
  readonly network: Task<ImageBatch>['network'];
  readonly source: BatchSource<ImageBatch>;
  start(): TrainingState;
}

/** Every method, with options that fit a short run. */
export const methods = {
  plain: () => plain(),
  magnitude: (options: MaNetChoices = {}) => magnitude({ ...short, ...options }),
  'ma-net': (options: MaNetChoices = {}) => maNet({ ...short, ...options }),
} satisfies Record<string, (options?: MaNetChoices) => Method>;

const short: MaNetChoices = {
  plainRounds: 1,
  prune: { mode: 'target', removeModulated: 0.5 },
  astrocyteIterations: 2,
  refresh: 2,
  mnet: { astrocytes: 2, cells: 2, hidden: 8, rank: 4, bins: 4, heads: 2 },
};

/** A run of a method with these options, of `budget` mini-batches of 8, 6 an epoch. */
export async function setup(
  name: keyof typeof methods,
  modulation: MaNetChoices = {},
  budget = 30,
  given: Partial<TrainingOptions> = {},
): Promise<Setup> {
  const rng = Rng.fromSeed(7);
  const labels = Int32Array.from({ length: BATCH * EPOCH }, () => rng.integer(3));
  const images = Uint8Array.from(
    { length: labels.length * 64 },
    (_, i) => 60 * labels[Math.floor(i / 64)]! + rng.integer(90),
  );
  const set = await createImageSet({
    name: 'bright',
    images,
    labels,
    shape: [8, 8, 1],
    classNames: ['dark', 'grey', 'light'],
    white: 255,
    normalisation: { mean: [0.4], std: [0.2] },
  });
  const stream = createStream(set, {
    batchSize: BATCH,
    rng: Rng.fromSeed(1),
    augment: { flip: true, padCrop: 1 },
  });
  const network = await createTNet('resnet-test', { numClasses: 3, inputShape: [8, 8, 1] });
  const source: BatchSource<ImageBatch> = {
    batchesPerEpoch: stream.batchesPerEpoch,
    next: async () => toTensors(stream.next()),
    state: () => stream.state(),
    restore: (state) => stream.restore(state as never),
    close: async () => undefined,
  };
  const options: TrainingOptions = {
    seed: 5,
    budget,
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
    learningRate: 0.05,
    schedule: { name: 'cosine' },
    ...given,
  };
  const { task, training } = openMethod(methods[name](modulation), classification(network), source, options);
  const run = {
    task,
    training,
    source,
    options,
    evaluationBatches: () => tensorBatches(evaluationBatches(set, 16)),
  };
  return { run, task, network, source, training, options, start: () => initialState(task, training, 5) };
}

export async function values(params: Params): Promise<Record<string, number[]>> {
  const entries = Object.entries(params).map(
    async ([name, t]): Promise<[string, number[]]> => [name, Array.from(await t.data())],
  );
  return Object.fromEntries(await Promise.all(entries));
}

export async function allValues(state: TrainingState): Promise<unknown> {
  const sections = await Promise.all(
    Object.entries(state.sections).map(
      async ([section, tensors]) => [section, await values(tensors)] as const,
    ),
  );
  return { step: state.step, ...Object.fromEntries(sections) };
}

/** Names whose values differ. */
export function moved(before: Record<string, number[]>, after: Record<string, number[]>): string[] {
  return Object.keys(after).filter((name) => before[name]?.join() !== after[name]!.join());
}
