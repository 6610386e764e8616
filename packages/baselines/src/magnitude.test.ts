import { cpu } from '@ma-net/backend-cpu';
import { Rng, type Sections, startBackend } from '@ma-net/core';
import { descriptors, select } from '@ma-net/mnet';
import { beforeAll, expect, test } from 'vitest';
import { batch, ends, network, task } from '../test/tiny.ts';
import { magnitude } from './magnitude.ts';
import { plain } from './plain.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const length = { budget: 100, batchesPerEpoch: 10 };
const prune = { mode: 'target', removeModulated: 0.5 } as const;

test('plain rounds are the epochs, and nothing is ever removed', () => {
  const training = plain().open(task, { budget: 25, batchesPerEpoch: 10 });
  expect(training.rounds.map(({ kind, start, length: of }) => [kind, start, of])).toEqual([
    ['plain', 0, 10],
    ['plain', 10, 10],
    ['plain', 20, 5],
  ]);
  expect(training.sections).toEqual({});
  expect(training.removal).toBeUndefined();
});

test('connections of small magnitude go, are zero, and get no gradient', async () => {
  const training = magnitude({ prune, plainRounds: 1, select: ends }).open(task, length);
  expect(training.rounds.map(({ kind }) => kind)).toEqual([
    'plain',
    ...Array.from({ length: 9 }, () => 'neurons'),
  ]);
  const { params, stats } = network.init(Rng.fromSeed(1));
  let state: Sections = { params, stats, ...training.init(Rng.fromSeed(1)) };
  const late = training.rounds[7]!;
  const decision = await training.before!(late.start, late, state);
  state = { ...state, ...decision!.replaced };

  const removal = await training.removal!(state);
  const scores = descriptors(select(network, ends), params);
  const all: { score: number; alive: number }[] = [];
  for (const { param } of select(network, ends)) {
    const found = await scores[param]!.data();
    removal!.masks[param]!.forEach((alive, i) => all.push({ score: found[i]!, alive }));
  }
  const dead = all.filter(({ alive }) => alive === 0).map(({ score }) => score);
  const alive = all.filter(({ alive: lives }) => lives === 1).map(({ score }) => score);
  expect(Math.max(...dead)).toBeLessThan(Math.min(...alive));

  const { grads } = await training.step(late.start, late, state, batch(), { training: true });
  const weights = training.weights(state);
  for (const { param } of select(network, ends)) {
    const mask = removal!.masks[param]!;
    const [w, g] = await Promise.all([weights[param]!.data(), grads['params']![param]!.data()]);
    w.forEach((value, i) => expect(value === 0).toBe(mask[i % mask.length] === 0));
    g.forEach((value, i) => {
      if (mask[i % mask.length] === 0) expect(Math.abs(value)).toBe(0);
    });
  }
  const same = removal!.weights();
  for (const [name, value] of Object.entries(weights))
    expect(await same[name]!.data()).toEqual(await value.data());
});

test('another rule finds other masks, and one that is none is refused', async () => {
  const training = magnitude({ prune, plainRounds: 1, select: ends }).open(task, length);
  const { params, stats } = network.init(Rng.fromSeed(1));
  const [, round] = training.rounds;
  const decision = await training.before!(round!.start, round!, { params, stats });
  const state = { params, stats, ...decision!.replaced };
  const removal = await training.removal!(state, { mode: 'target', removeModulated: 0.25 });
  const total = select(network, ends).reduce((sum, k) => sum + k.area * k.preNeurons * k.postNeurons, 0);
  const gone = select(network, ends).reduce(
    (sum, { param, area }) => sum + area * removal!.masks[param]!.filter((alive) => alive === 0).length,
    0,
  );
  expect(removal!.moved).toBe(true);
  expect(gone).toBeLessThanOrEqual(0.25 * total);
  expect(gone).toBeGreaterThan(0.15 * total);
  await expect(training.removal!(state, { mode: 'target' })).rejects.toMatchObject({ code: 'bad-argument' });
});
