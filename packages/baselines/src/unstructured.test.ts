import { readFileSync } from 'node:fs';
import { cpu } from '@ma-net/backend-cpu';
import { type Params, Rng, type Sections, startBackend, type Training } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { batch, ends, type Images, network, task } from '../test/tiny.ts';
import { countToKeep, largest } from './largest.ts';
import { unstructured } from './unstructured.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

interface ArrayOf {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
const { cases, lth } = JSON.parse(
  readFileSync(new URL('../fixtures/magnitude.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly {
    readonly weights: readonly ArrayOf[];
    readonly keep: number;
    readonly kept: number;
    readonly globalMasks: readonly ArrayOf[];
    readonly layerwiseMasks: readonly ArrayOf[];
  }[];
  readonly lth: readonly { readonly round: number; readonly survivors: number }[];
};

describe.each(cases.map((c, i) => [i, c] as const))('case %i', (_, { weights, keep, kept, ...expected }) => {
  const tensors = weights.map(({ data }) => ({ values: Float32Array.from(data), cost: 1 }));
  const goes = (of: typeof tensors): number => {
    const n = of.reduce((sum, { values }) => sum + values.length, 0);
    return n - countToKeep(n, keep);
  };

  test('the largest of all kernels stay', () => {
    const masks = largest(tensors, goes(tensors));
    expect(masks.map((mask) => [...mask])).toEqual(expected.globalMasks.map(({ data }) => data));
    expect(masks.flatMap((mask) => [...mask]).reduce((a, b) => a + b)).toBe(kept);
  });

  test('the largest of each kernel stay', () => {
    const masks = tensors.map((one) => [...largest([one], goes([one]))[0]!]);
    expect(masks).toEqual(expected.layerwiseMasks.map(({ data }) => data));
  });
});

test('halves are rounded to the even number, and who is gone goes first', () => {
  expect([0.5, 1.5, 2.5, 2.4].map((n) => countToKeep(n, 1))).toEqual([0, 2, 2, 2]);
  const values = Float32Array.of(3, -1, 2, 2);
  expect(largest([{ values, cost: 1 }], 2, [Uint8Array.of(0, 1, 1, 1)])[0]).toEqual(
    Uint8Array.of(0, 0, 1, 1),
  );
  // Of equal ones the earlier stays; what is dear counts for more.
  expect(largest([{ values, cost: 5 }], 6)[0]).toEqual(Uint8Array.of(1, 0, 1, 0));
});

const half = { mode: 'target', removeModulated: 0.5 } as const;
const open = (given: Parameters<typeof unstructured>[0], budget = 40): Training<Images> =>
  unstructured({ select: ends, ...given }).open(task, { budget, batchesPerEpoch: 10 });
const start = (training: Training<Images>): Sections => ({
  ...network.init(Rng.fromSeed(1)),
  ...training.init(Rng.fromSeed(1)),
});
const flat = async (params: Params): Promise<number[]> => {
  const read = await Promise.all(Object.values(params).map((t) => t.data()));
  return read.flatMap((values) => [...values]);
};

test('one shot: weights go after three quarters, are zero, and get no gradient', async () => {
  const training = open({ prune: half });
  expect(training.rounds.map(({ kind, start: from }) => [kind, from])).toEqual([
    ['plain', 0],
    ['plain', 10],
    ['plain', 20],
    ['pruned', 30],
  ]);
  let state = start(training);
  expect(await training.removal!(state)).toBeUndefined();
  const decision = (await training.before!(30, training.rounds[3]!, state))!;
  expect(decision.change).toMatchObject({ removedParams: 42, connections: 20 });
  state = { ...state, ...decision.replaced };
  const weights = training.weights(state);
  const { grads } = await training.step(30, training.rounds[3]!, state, batch(), { training: true });
  let [zeros, least, most] = [0, Infinity, 0];
  for (const name of ['inner.weight', 'fc.weight']) {
    const [w, g, was] = await Promise.all([
      weights[name]!.data(),
      grads['params']![name]!.data(),
      state.params[name]!.data(),
    ]);
    w.forEach((value, i) => {
      if (value !== 0) least = Math.min(least, Math.abs(value));
      else {
        zeros++;
        most = Math.max(most, Math.abs(was[i]!));
        expect(Math.abs(g[i]!)).toBe(0);
      }
    });
  }
  expect(zeros).toBe(42);
  expect(most).toBeLessThan(least);

  // A connection is dead where all its nine weights are.
  const removal = (await training.removal!(state))!;
  const kernel = await weights['inner.weight']!.data();
  removal.masks['inner.weight']!.forEach((lives, i) =>
    expect(lives).toBe(Number(kernel.some((w, k) => k % 8 === i && w !== 0))),
  );
  const more = (await training.removal!(state, { mode: 'target', removeModulated: 0.75 }))!;
  expect(more.moved).toBe(true);
  const left = (await flat(more.weights())).filter((w) => w !== 0);
  // 3 biases of the classifier stay.
  expect(left).toHaveLength(21 + 3);
});

test('lottery tickets: a fifth of what is left goes each time, and the rest is set back', async () => {
  const training = open({ prune: { ...half, removeModulated: 0.488 }, perRound: 0.2, rewind: 0.5 }, 48);
  // 1 - 0.8^3 = 0.488: three prunings, four trainings, each once through the schedule.
  const starts = training.rounds.filter(({ kind }, i, all) => kind !== all[i - 1]?.kind);
  expect(starts.map(({ kind, start: from, schedule }) => [kind, from, schedule])).toEqual([
    ['plain', 0, { start: 0, length: 12 }],
    ['ticket 1', 12, { start: 7, length: 17 }],
    ['ticket 2', 24, { start: 19, length: 17 }],
    ['ticket 3', 36, { start: 31, length: 17 }],
  ]);
  let state = start(training);
  expect(await training.before!(0, training.rounds[0]!, state)).toBeUndefined();
  const early = await training.before!(5, training.rounds[0]!, state);
  state = { ...state, ...early!.replaced };
  const slots = { 'inner.weight': tf.ones([3, 3, 2, 4]) };
  for (const turn of [1, 2, 3]) {
    // Trained meanwhile: others are the smallest now.
    const moved = Rng.fromSeed(turn).normals(72, 1);
    const params = { ...state.params, 'inner.weight': tf.tensor(moved, [3, 3, 2, 4]) };
    const decision = await training.before!(12 * turn, training.rounds[0]!, {
      ...state,
      params,
      'params.optimizer': slots,
    });
    state = { ...state, ...decision!.replaced };
    expect(decision!.change!.removedParams).toBe(84 - countToKeep(84, lth[turn]!.survivors));
    expect(await flat(state.params)).toEqual(await flat(state['origin']!));
    expect((await flat(state['params.optimizer']!)).every((slot) => slot === 0)).toBe(true);
  }
});

test('a budget of multiply-accumulates is met, and no more than that goes', async () => {
  const prune = {
    unit: 'neuron',
    mode: 'target',
    remove: 0.6,
    cost: 'macs',
    beta: 0,
    floor: { part: 0, units: 1 },
  } as const;
  const training = open({ prune });
  let state = start(training);
  state = { ...state, ...(await training.before!(30, training.rounds[3]!, state))!.replaced };
  const zeros = async (name: string): Promise<number> =>
    [...(await state['alive']![name]!.data())].reduce((n, one) => n + Number(one === 0), 0);
  const gone = 16 * (await zeros('inner.weight')) + (await zeros('fc.weight'));
  const all = 16 * 72 + 12;
  expect(gone).toBeGreaterThanOrEqual(0.6 * all);
  expect(gone).toBeLessThan(0.6 * all + 16);
});

test('each kernel by itself loses the same part', async () => {
  const training = open({ prune: half, scope: 'layer' });
  const state = start(training);
  const { replaced } = (await training.before!(30, training.rounds[3]!, state))!;
  const alive = await Promise.all(
    ['inner.weight', 'fc.weight'].map(async (name) =>
      [...(await replaced['alive']![name]!.data())].reduce((a, b) => a + b),
    ),
  );
  expect(alive).toEqual([36, 6]);
});

const units = { unit: 'neuron', mode: 'target', beta: 0, floor: { part: 0, units: 1 } } as const;
test.each([
  [{ prune: { mode: 'delta', delta: 0.1, kappa: 0.5 } }, /a threshold says none/],
  [{ prune: { ...units, cost: 'latency', milliseconds: 1 } }, /no target of latency/],
  [{ prune: { ...units, cost: 'params', remove: 0.99 } }, /99 % of the network cannot go: .* 96.5 %/],
  [{ prune: half, perRound: 0.01 }, /have no mini-batch 0 to go back to/],
  [{ prune: half, perRound: 0.4, rewind: 3 }, /have no mini-batch 30 to go back to/],
] as const)('%j is refused', (given, message) => {
  expect(() => open(given)).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) }),
  );
});
