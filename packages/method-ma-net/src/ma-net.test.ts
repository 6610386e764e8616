import { cpu } from '@ma-net/backend-cpu';
import {
  crossEntropy,
  defineNetwork,
  type Params,
  Rng,
  type Sections,
  startBackend,
  type Task,
} from '@ma-net/core';
import { createMNet, DEFAULT_OPTIONS, select } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { maNet } from './ma-net.ts';
import { defaultMaNet, type MaNetChoices } from './options.ts';
import { defaultPlainRounds, LAST_NEURON_BATCHES, plainBatches } from './rounds.ts';
import { weightStep } from './steps.ts';
import { maNetInTurn, ROUNDS_IN_TURN } from './timing.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const network = defineNetwork('tiny', { images: [4, 4, 2] }, (net, { images }) => {
  const inner = net.relu(net.conv('inner', images, { out: 4, kernel: 3 }));
  return { logits: net.dense('fc', net.globalAveragePool(inner), { out: 3 }) };
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
const length = { budget: 60, batchesPerEpoch: 10 };
/** The network has two kernels, one at each end. */
const ends = { stem: true, outputs: true };
const short: MaNetChoices = {
  prune: { mode: 'target', removeModulated: 0.5 },
  select: ends,
  plainRounds: 2,
  astrocyteIterations: 2,
  mnet: { astrocytes: 2, cells: 1, hidden: 8, rank: 2, bins: 2, heads: 2 },
};

/** A state in the round of `kind`, decided and stepped once; what the step gave. */
async function stepped(kind: string, given: MaNetChoices = {}) {
  const training = maNet({ ...short, ...given }).open(task, length);
  const round = training.rounds.find((r) => r.kind === kind)!;
  const { params, stats } = network.init(Rng.fromSeed(1));
  let state: Sections = { params, stats, ...training.init(Rng.fromSeed(1)) };
  const decision = await training.before!(round.start, round, state);
  state = { ...state, ...decision?.replaced };
  const step = await training.step(round.start, round, state, batchOf(2), { training: true });
  return { training, state, step, decision };
}

test('without options of its own it is that of section 12, over a third of plain epochs', () => {
  const { prune } = short;
  const training = maNet({ prune, select: ends }).open(task, { budget: 300, batchesPerEpoch: 10 });
  expect(defaultMaNet).toMatchObject({ competition: 2, ramp: 0.7, freeze: 0.75, refresh: 5, clip: 1 });
  expect(plainBatches(training.rounds)).toBe(100);
  expect(defaultPlainRounds({ budget: 300, batchesPerEpoch: 10 })).toBe(10);
  expect(training.about).toBe(`${DEFAULT_OPTIONS.astrocytes} astrocytes`);
});

test('every kind of round trains what it says, and replaces what it held', async () => {
  const names = createMNet(select(network, ends), short.mnet).names.length;
  const [plain, astrocytes, neurons] = [
    await stepped('plain'),
    await stepped('astrocytes'),
    await stepped('neurons'),
  ];
  expect(Object.keys(plain.step.grads)).toEqual(['params']);
  expect(plain.decision).toBeUndefined();
  expect(Object.keys(astrocytes.step.grads)).toEqual(['phi']);
  expect(Object.keys(astrocytes.step.grads['phi']!).length).toBeLessThan(names);
  expect(Object.keys(astrocytes.step.replaced!)).toEqual(['cells', 'scores', 'gates']);
  expect(Object.keys(neurons.step.grads)).toEqual(['params']);
  expect(Object.keys(neurons.decision!.replaced).toSorted()).toEqual([
    'cells',
    'gates',
    'masks',
    'previous',
    'recorded',
    'scores',
    'thresholds',
  ]);
  const together = await stepped('together', { alternate: false });
  expect(Object.keys(together.step.grads)).toEqual(['params', 'phi']);
  const through = await stepped('neurons', { throughDescriptors: true });
  expect(Object.keys(through.step.grads)).toEqual(['params']);
  expect(Object.keys(through.step.terms).toSorted()).toEqual(['data', 'loss', 'regulariser']);
});

test('everything that it replaces or trains has a place among its sections', async () => {
  for (const kind of ['astrocytes', 'neurons']) {
    const { training, step, decision } = await stepped(kind);
    for (const [section, tensors] of Object.entries({ ...decision?.replaced, ...step.replaced })) {
      const { shapes } = training.sections[section]!;
      expect(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))).toEqual(
        shapes,
      );
    }
  }
});

test('a weight step with held gates has the feedback gradient, dead connections included', async () => {
  const { state } = await stepped('neurons');
  const gates: Params = Object.fromEntries(
    Object.entries(state['gates']!).map(([name, gate]) => [name, tf.zerosLike(gate)]),
  );
  const given = { task, state: { ...state, gates }, batch: batchOf(2), ctx: { training: true } };
  const mnet = { kernels: select(network, ends) };
  const norm = async (rule: 'feedback' | 'chain-rule') => {
    const { grads } = await weightStep(given, { mnet, rule });
    return (await tf.sum(tf.abs(grads['params']!['fc.weight']!)).data())[0]!;
  };
  // Of logits W' x with W' = 0 the gradient in W is x dL for feedback, and 0 times that by the chain rule.
  expect(await norm('chain-rule')).toBe(0);
  const before = await norm('feedback');
  // The features are zero as well where the kernel before them is.
  expect(before).toBe(0);
  const inner = Object.keys(gates).find((name) => name.startsWith('inner'))!;
  const open = {
    ...given,
    state: { ...given.state, gates: { ...gates, [inner]: tf.onesLike(gates[inner]!) } },
  };
  const { grads } = await weightStep(open, { mnet, rule: 'feedback' });
  expect((await tf.sum(tf.abs(grads['params']!['fc.weight']!)).data())[0]).toBeGreaterThan(0);
});

describe('removal', () => {
  test('is nothing before a first decision, and the masks in force after it', async () => {
    const { training, state } = await stepped('neurons', { plainRounds: 0 });
    expect(await training.removal!({ params: state.params, stats: state.stats })).toBeUndefined();
    const removal = await training.removal!(state);
    expect(removal).toMatchObject({ rule: short.prune, moved: false });
    const effective = training.weights(state);
    for (const [name, weights] of Object.entries(removal!.weights()))
      expect(await weights.data()).toEqual(await effective[name]!.data());
  });

  test.each(['hard', 'soft'] as const)(
    'by another rule (%s cut) what it names is zero, and no other',
    async (cut) => {
      const { training, state } = await stepped('neurons', { cut, competition: 8, ramp: 0.01 });
      const removal = await training.removal!(state, { mode: 'target', removeModulated: 0.3 });
      expect(removal!.moved).toBe(true);
      const weights = removal!.weights();
      for (const { param } of select(network, ends)) {
        const mask = removal!.masks[param]!;
        const found = await weights[param]!.data();
        const dead = [...mask].filter((alive) => alive === 0).length;
        expect(dead).toBeLessThan(mask.length);
        found.forEach((w, i) => {
          if (mask[i % mask.length] === 0) expect(Math.abs(w)).toBe(0);
        });
      }
      expect(Object.values(removal!.masks).some((mask) => mask.includes(0))).toBe(true);
      await expect(training.removal!(state, { mode: 'share' })).rejects.toMatchObject({
        code: 'bad-argument',
      });
    },
  );
});

test('for measuring there is one round of each kind, all of them equally long', () => {
  const deeper = defineNetwork('deeper', { images: [4, 4, 2] }, (net, { images }) => {
    const inner = net.conv('inner', net.conv('stem', images, { out: 4, kernel: 3 }), { out: 4, kernel: 3 });
    return { logits: net.dense('fc', net.globalAveragePool(inner), { out: 3 }) };
  });
  const { rounds } = maNetInTurn(12).open(
    { ...task, network: deeper },
    { budget: ROUNDS_IN_TURN * 12, batchesPerEpoch: 12 },
  );
  expect(rounds.map(({ kind, length: of }) => [kind, of])).toEqual([
    ['plain', 12],
    ['plain', 12],
    ['astrocytes', 12],
    ['neurons', 12],
  ]);
});

test('rounds too short to end a run are not measured', () => {
  expect(() => maNetInTurn(LAST_NEURON_BATCHES - 1)).toThrow(
    expect.objectContaining({ code: 'bad-argument' }),
  );
  expect(maNetInTurn(LAST_NEURON_BATCHES).name).toBe('ma-net');
});

test('a network without connections is refused', () => {
  // Both kernels are at an end, and nothing asks for those.
  const hidden = { ...short, select: {} };
  expect(() => maNet(hidden).open(task, length)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  const none = defineNetwork('none', { images: [4, 4, 2] }, (net, { images }) => ({
    logits: net.flatten(images),
  }));
  expect(() => maNet(short).open({ ...task, network: none }, length)).toThrow(
    expect.objectContaining({ code: 'bad-argument' }),
  );
});
