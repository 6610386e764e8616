import { cpu } from '@ma-net/backend-cpu';
import { plain } from '@ma-net/baselines';
import { type BatchSource, defineNetwork, type Method, type Ranks, Rng, startBackend } from '@ma-net/core';
import type { ImageBatch } from '@ma-net/data';
import { maNet } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { ranksOf } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { ownPart } from './ranks.ts';
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

/** Twelve random images a mini-batch. */
function sourceOf(seed: number): BatchSource<ImageBatch> {
  const rng = Rng.fromSeed(seed);
  return {
    batchesPerEpoch: 2,
    async next() {
      return {
        images_BHWC: tf.tensor4d(rng.normals(12 * 64, 1), [12, 8, 8, 1]),
        labels_B: tf.tensor1d(
          Int32Array.from({ length: 12 }, () => rng.integer(3)),
          'int32',
        ),
      };
    },
    state: () => null,
    restore: () => undefined,
    close: async () => undefined,
  };
}

interface Trained {
  readonly weights: readonly number[];
  readonly events: readonly TrainingEvent[];
}

async function trained(
  method: Method,
  {
    seed = 7,
    ranks,
    signal,
    first,
  }: { seed?: number; ranks?: Ranks; signal?: AbortSignal; first?: number } = {},
): Promise<Trained> {
  const source = sourceOf(seed);
  const { task: own, training } = openMethod(method, task, source, options);
  const state = initialState(own, training, first ?? options.seed);
  const events: TrainingEvent[] = [];
  try {
    await fit({
      task: own,
      training,
      options,
      source,
      state,
      listen: (event) => void events.push(event),
      ...(ranks === undefined ? {} : { sharing: { ranks } }),
      ...(signal === undefined ? {} : { signal }),
    });
    const read = await Promise.all(Object.values(state.sections.params).map((t) => t.data()));
    return { weights: read.flatMap((values) => Array.from(values)), events };
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
