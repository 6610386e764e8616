// Whole units under the method: what dies, what learns, what is left (docs/neuron-level.md, section "Invariants").

import { cpu } from '@ma-net/backend-cpu';
import {
  countParams,
  crossEntropy,
  defineNetwork,
  type Params,
  Rng,
  type Sections,
  startBackend,
  type Task,
} from '@ma-net/core';
import {
  applyCompaction,
  decideOn,
  livingUnits,
  measured,
  NEURON_LEVEL,
  parameterMeasure,
  planCompaction,
  unitsOfMasks,
} from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { maNet } from './ma-net.ts';
import type { MaNetChoices } from './options.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

/** A stem, a residual block and a classifier: two groups whose units may die, the stage and the block's inside. */
const network = defineNetwork('tiny', { images: [4, 4, 2] }, (net, { images }) => {
  const stem = net.relu(net.batchNorm('bn', net.conv('stem', images, { out: 8, kernel: 3 })));
  const inner = net.relu(net.batchNorm('bn1', net.conv('conv1', stem, { out: 6, kernel: 3 })));
  const sum = net.add(stem, net.batchNorm('bn2', net.conv('conv2', inner, { out: 8, kernel: 3 })));
  return { logits: net.dense('fc', net.globalAveragePool(net.relu(sum)), { out: 3 }) };
});
type Images = { readonly images: tf.Tensor; readonly labels: tf.Tensor };
const task: Task<Images> = {
  name: 'tiny',
  network,
  headline: { measure: 'loss', better: 'smaller' },
  inputs: ({ images }) => ({ images }),
  loss: ({ logits }, { labels }) => ({
    loss: crossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D),
  }),
  decode: () => [],
  meter: () => ({ add: () => undefined, result: () => ({}) }),
};
const batchOf = (seed: number): Images => ({
  images: tf.tensor4d(Rng.fromSeed(seed).normals(6 * 32, 1), [6, 4, 4, 2]),
  labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
});
const floor = { part: 0.1, units: 2 };
const options: MaNetChoices = {
  select: { stem: true, outputs: true },
  prune: { ...NEURON_LEVEL, floor },
  plainRounds: 1,
  astrocyteIterations: 2,
  mnet: { astrocytes: 2, cells: 1, hidden: 8, rank: 2, bins: 2, heads: 2 },
};
const length = { budget: 60, batchesPerEpoch: 10 };

/** Decides and steps from the first mini-batch to number `end`, with plain gradient descent. */
async function trained(end: number, given: MaNetChoices = {}) {
  const training = maNet({ ...options, ...given }).open(task, length);
  const { params, stats } = network.init(Rng.fromSeed(1));
  let state: Sections = { params, stats, ...training.init(Rng.fromSeed(1)) };
  let revived = 0;
  for (let b = 0; b < end; b++) {
    const round = training.rounds.findLast(({ start }) => start <= b)!;
    const decision = await training.before!(b, round, state);
    revived += decision?.change?.revived ?? 0;
    state = { ...state, ...decision?.replaced };
    const step = await training.step(b, round, state, batchOf(b), { training: true });
    const moved: Record<string, Params> = {};
    for (const [section, grads] of Object.entries(step.grads)) {
      const now = state[section]!;
      moved[section] = Object.fromEntries(
        Object.entries(now).map(([name, value]) => [
          name,
          grads[name] === undefined ? value : tf.sub(value, tf.mul(grads[name], 0.2)),
        ]),
      );
    }
    state = { ...state, stats: step.stats, ...step.replaced, ...moved };
  }
  return { training, state, revived };
}

const decider = decideOn(network);
const full = decider.groups.map(({ units }) => units);
const params = parameterMeasure(network, decider.groups);

test('the network has two groups whose units may die', () => {
  expect(decider.groups.map(({ id, units }) => [id, units])).toEqual([
    ['stem', 8],
    ['conv1', 6],
  ]);
});

test('half of the stored parameters go, and the compacted network computes what the modulated one did', async () => {
  const { training, state } = await trained(length.budget);
  const removal = (await training.removal!(state))!;
  const alive = livingUnits(unitsOfMasks(decider.groups, removal.masks));
  expect(measured(params, alive)).toBeLessThanOrEqual(0.5 * measured(params, full));

  const weights = removal.weights();
  const images = batchOf(99).images;
  const forward = (net: typeof network, w: Params, stats: Params): tf.Tensor =>
    net.forward(w, stats, { images }, { training: false }).outputs.logits;
  const whole = forward(network, training.weights(state), state.stats);
  const plan = planCompaction(network, removal.masks);
  const compacted = applyCompaction(network, weights, state.stats, plan);
  const small = forward(compacted.network as typeof network, compacted.params, compacted.stats);
  expect(countParams(compacted.params)).toBe(measured(params, alive));
  expect(plan.totalParams - plan.removedParams).toBe(measured(params, alive));
  const difference = await tf.max(tf.abs(tf.sub(whole, small))).data();
  const size = await tf.max(tf.abs(whole)).data();
  expect(difference[0]! / size[0]!).toBeLessThan(1e-5);
});

test('all readers of a group carry the same mask, and units come back', async () => {
  const { training, state, revived } = await trained(50, { maskEvery: 'iteration', competition: 4 });
  const { masks } = (await training.removal!(state))!;
  const units = unitsOfMasks(decider.groups, masks);
  decider.groups.forEach(({ readers }, g) => {
    for (const { kernel } of readers) {
      for (let i = 0; i < kernel.preNeurons; i++) {
        const row = masks[kernel.param]!.subarray(i * kernel.postNeurons, (i + 1) * kernel.postNeurons);
        expect([...row]).toEqual(Array.from({ length: kernel.postNeurons }, () => units[g]![i]));
      }
    }
  });
  expect(revived).toBeGreaterThan(0);
});

describe('the reading slices of a dead unit learn, its writing slices and normalisation do not', () => {
  const sumOver = async (grad: tf.Tensor, axis: number): Promise<Float32Array> => {
    const others = grad.shape.flatMap((_, i) => (i === axis ? [] : [i]));
    return (await tf.sum(tf.abs(grad), others).data()) as Float32Array;
  };

  test('in a round of the neurons', async () => {
    const { training, state } = await trained(36);
    const round = training.rounds.findLast(({ kind, start }) => kind === 'neurons' && start <= 36)!;
    const decision = await training.before!(round.start, round, state);
    const now = { ...state, ...decision?.replaced };
    const { masks } = (await training.removal!(now))!;
    const dead = [...unitsOfMasks(decider.groups, masks)[1]!.entries()].flatMap(([u, m]) =>
      m === 0 ? [u] : [],
    );
    expect(dead.length).toBeGreaterThan(0);
    const step = await training.step(round.start, round, now, batchOf(7), { training: true });
    const grads = step.grads['params']!;
    const [read, written] = [
      await sumOver(grads['conv2.weight']!, 2),
      await sumOver(grads['conv1.weight']!, 3),
    ];
    const [gain, offset] = [await grads['bn1.weight']!.data(), await grads['bn1.bias']!.data()];
    for (const unit of dead) {
      expect(read[unit]).toBeGreaterThan(0);
      for (const none of [written[unit]!, gain[unit]!, offset[unit]!]) expect(Math.abs(none)).toBe(0);
    }
  });
});

describe('a decision that goes by earlier scores as well', () => {
  const restless: MaNetChoices = { maskEvery: 'iteration', refresh: 1, competition: 4 };

  test('lets fewer units come back', async () => {
    const [without, averaged] = [
      await trained(50, restless),
      await trained(50, { ...restless, scoreMemory: 0.9 }),
    ];
    expect(without.revived).toBeGreaterThan(0);
    expect(averaged.revived).toBeLessThan(without.revived);
    expect(without.state['averages']).toBeUndefined();
  });

  test('goes by an exponential average of q, which the state holds', async () => {
    const { training, state } = await trained(14, { ...restless, scoreMemory: 0.75 });
    const round = training.rounds.findLast(({ start }) => start <= 14)!;
    expect(round.kind).toBe('neurons');
    const { replaced } = (await training.before!(14, round, state))!;
    for (const [param, after] of Object.entries(replaced['averages']!)) {
      const [old, q] = [await state['averages']![param]!.data(), await replaced['scores']![param]!.data()];
      (await after.data()).forEach((value, i) => expect(value).toBeCloseTo(0.75 * old[i]! + 0.25 * q[i]!, 5));
    }
    expect(Object.keys(training.sections)).toContain('averages');
  });
});

test('nothing is decided where nothing is asked, and nothing is modulated without competition', async () => {
  const none = await trained(40, { prune: { ...NEURON_LEVEL, remove: 0, floor } });
  const { masks } = (await none.training.removal!(none.state))!;
  for (const mask of Object.values(masks)) expect([...mask]).toEqual([...mask].fill(1));

  const still = await trained(12, { competition: 0, prune: { ...NEURON_LEVEL, remove: 0, floor } });
  for (const gate of Object.values(still.state['gates']!)) {
    for (const value of await gate.data()) expect(value).toBeCloseTo(1, 6);
  }
});

describe('what cannot be', () => {
  test('a target below the floors is told before anything is trained', () => {
    const prune = { ...NEURON_LEVEL, remove: 0.95, floor: { part: 0.5, units: 4 } };
    const { warnings } = maNet({ ...options, prune }).open(task, length);
    expect(warnings?.join()).toMatch(/95 % of all parameters are gone, but at most [\d.]+ % can go/);
  });

  test('a soft cut is refused', () => {
    expect(() => maNet({ ...options, cut: 'soft' }).open(task, length)).toThrowError(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});

test('units and connections inside the living ones', async () => {
  const prune = { ...NEURON_LEVEL, unit: 'both', removeModulated: 0.3, floor } as const;
  const { training, state } = await trained(length.budget, { prune });
  const { masks } = (await training.removal!(state))!;
  const alive = livingUnits(unitsOfMasks(decider.groups, masks));
  expect(measured(params, alive)).toBeLessThanOrEqual(0.5 * measured(params, full));
  // Rows of living units have gaps now.
  const rows = network.kernels.flatMap(({ param, preNeurons, postNeurons }) =>
    Array.from({ length: preNeurons }, (_, i) =>
      masks[param]!.subarray(i * postNeurons, (i + 1) * postNeurons),
    ),
  );
  expect(rows.some((row) => row.includes(0) && row.includes(1))).toBe(true);
});
