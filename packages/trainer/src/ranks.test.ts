import { cpu } from '@ma-net/backend-cpu';
import { plain } from '@ma-net/baselines';
import {
  type BatchSource,
  defineNetwork,
  type Method,
  type Ranks,
  Rng,
  type Share,
  startBackend,
} from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import { maNet } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { ranksOf } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { AVERAGES, type Averaging } from './averages.ts';
import { ownPart } from './ranks.ts';
import { section } from './state.ts';
import {
  disposeState,
  fit,
  initialState,
  openMethod,
  type TrainingEvent,
  type TrainingOptions,
} from './index.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const network = defineNetwork('tiny', { images: [8, 8, 1] }, (net, { images }) => {
  const a = net.relu(net.conv('a', images, { out: 6, kernel: 3, bias: true }));
  const b = net.relu(net.conv('b', a, { out: 6, kernel: 3, stride: 2, bias: true }));
  return { logits: net.dense('fc', net.globalAveragePool(b), { out: 3 }) };
});
const task = classification(network);
const options: TrainingOptions = {
  seed: 1,
  budget: 12,
  optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 0 },
  learningRate: 0.1,
  schedule: { name: 'constant' },
};
const pruning = maNet({
  prune: { mode: 'target', removeModulated: 0.3 },
  select: { stem: true, outputs: true },
  plainRounds: 2,
  astrocyteIterations: 2,
  mnet: { astrocytes: 2, cells: 1, hidden: 8, rank: 2, bins: 2, heads: 2 },
});

/** Twelve random images a mini-batch; one that `shares` makes no others than its part's. */
function sourceOf(seed: number, shares = false): BatchSource<ImageBatch> {
  const rng = Rng.fromSeed(seed);
  let [first, count] = [0, 12];
  return {
    batchesPerEpoch: 2,
    async next() {
      const pixels = rng.normals(12 * 64, 1).subarray(64 * first, 64 * (first + count));
      const labels = Int32Array.from({ length: 12 }, () => rng.integer(3)).subarray(first, first + count);
      return {
        images_BHWC: tf.tensor4d(pixels, [count, 8, 8, 1]),
        labels_B: tf.tensor1d(labels, 'int32'),
      };
    },
    state: () => null,
    restore: () => undefined,
    ...(shares
      ? {
          share({ rank, size }: Share) {
            count = 12 / size;
            first = rank * count;
          },
        }
      : {}),
    close: async () => undefined,
  };
}

interface Trained {
  readonly weights: readonly number[];
  /** Of the weights; empty where none are kept. */
  readonly averages: readonly number[];
  readonly events: readonly TrainingEvent[];
}

async function trained(
  method: Method,
  {
    seed = 7,
    ranks,
    signal,
    first,
    shares,
    ema,
  }: {
    seed?: number;
    ranks?: Ranks;
    signal?: AbortSignal;
    first?: number;
    shares?: boolean;
    ema?: Averaging;
  } = {},
): Promise<Trained> {
  const source = sourceOf(seed, shares);
  const { task: own, training } = openMethod(method, task, source, options);
  const state = initialState(own, training, first ?? options.seed);
  const events: TrainingEvent[] = [];
  try {
    await fit({
      task: own,
      training,
      options: ema === undefined ? options : { ...options, ema },
      source,
      state,
      listen: (event) => void events.push(event),
      ...(ranks === undefined ? {} : { sharing: { ranks } }),
      ...(signal === undefined ? {} : { signal }),
    });
    const numbers = async (name: string): Promise<number[]> => {
      const read = await Promise.all(Object.values(section(state, name)).map((t) => t.data()));
      return read.flatMap((values) => Array.from(values));
    };
    return { weights: await numbers('params'), averages: await numbers(AVERAGES.params), events };
  } finally {
    disposeState(state);
  }
}

const together = (method: Method, size: number): Promise<readonly Trained[]> =>
  Promise.all(ranksOf(size).map((ranks) => trained(method, { ranks })));

const losses = ({ events }: Trained): number[] =>
  events.flatMap((event) => (event.type === 'step' ? [event.loss] : []));

describe.each([
  ['plain', plain()],
  ['MA-Net', pruning],
] as const)('%s', (_, method) => {
  test.each([2, 3, 4])('%i ranks train as one process does on the same mini-batches', async (size) => {
    const alone = await trained(method);
    const ranks = await together(method, size);
    for (const rank of ranks) expect(rank.weights).toEqual(ranks[0]!.weights);
    const largest = Math.max(...alone.weights.map(Math.abs));
    ranks[0]!.weights.forEach((w, i) => expect(Math.abs(w - alone.weights[i]!)).toBeLessThan(1e-5 * largest));
    losses(alone).forEach((loss, b) => expect(losses(ranks[0]!)[b]).toBeCloseTo(loss, 5));
  });
});

test.each([2, 3])('%i ranks keep the averages that one process keeps', async (size) => {
  const ema = { decay: 0.8, warmup: true };
  const alone = await trained(plain(), { ema });
  const ranks = await Promise.all(ranksOf(size).map((own) => trained(plain(), { ranks: own, ema })));
  for (const { averages, weights } of ranks) {
    expect(averages).toEqual(ranks[0]!.averages);
    expect(averages.length).toBe(weights.length);
    expect(averages).not.toEqual(weights);
  }
  const largest = Math.max(...alone.averages.map(Math.abs));
  for (const [i, w] of ranks[0]!.averages.entries())
    expect(Math.abs(w - alone.averages[i]!)).toBeLessThan(1e-5 * largest);
});

test('a source that can make parts alone is asked to', async () => {
  const cut = await together(plain(), 3);
  const made = await Promise.all(ranksOf(3).map((ranks) => trained(plain(), { ranks, shares: true })));
  for (const rank of made) expect(rank.weights).toEqual(cut[0]!.weights);
});

test('asking one rank to stop stops all of them after the same mini-batch', async () => {
  const controller = new AbortController();
  controller.abort();
  const [first, second] = ranksOf(2);
  const runs = await Promise.all([
    trained(plain(), { ranks: first! }),
    trained(plain(), { ranks: second!, signal: controller.signal }),
  ]);
  for (const { events } of runs)
    expect(events.at(-1)).toMatchObject({ type: 'end', step: 1, reason: 'interrupted' });
});

test('ranks that do not start from the same weights are refused, and told apart', async () => {
  const [first, second] = ranksOf(2);
  const runs = await Promise.allSettled([
    trained(plain(), { ranks: first! }),
    trained(plain(), { ranks: second!, first: 2 }),
  ]);
  for (const run of runs)
    expect(run).toMatchObject({ status: 'rejected', reason: { code: 'bad-data', where: 'rank 1' } });
});

describe('the part of a mini-batch', () => {
  const [a, b] = ranksOf(2);
  const rows = (values: number[]): { x: tf.Tensor } => ({ x: tf.tensor2d(values, [values.length, 1]) });

  test.each([
    [1, [0, 1], [2, 3]],
    [2, [0, 2], [1, 3]],
  ])('of %i views', async (views, first, second) => {
    for (const [ranks, expected] of [
      [a!, first],
      [b!, second],
    ] as const) {
      const before = tf.memory().numTensors;
      const { x } = ownPart(rows([0, 1, 2, 3]), ranks, views);
      expect([...(await x.data())]).toEqual(expected);
      expect(tf.memory().numTensors).toBe(before + 1);
      x.dispose();
    }
  });

  test('must be a whole one', () => {
    expect(() => ownPart(rows([0, 1, 2]), a!)).toThrow(
      expect.objectContaining({ code: 'bad-argument', where: 'x' }),
    );
  });
});
