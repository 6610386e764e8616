import { cpu } from '@ma-net/backend-cpu';
import { Rng, type Sections, startBackend } from '@ma-net/core';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { createTNet } from '@ma-net/tnet';
import { beforeAll, expect, test } from 'vitest';
import { ends, network, task } from '../test/tiny.ts';
import { random } from './random.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const length = { budget: 20, batchesPerEpoch: 5 };

test('as many connections go as the rule says, before the first mini-batch, and the same ones ever after', async () => {
  const prune = { mode: 'target', removeModulated: 0.5 } as const;
  const masksOf = async (seed: number) => {
    const training = random({ prune, select: ends }).open(task, length);
    expect(training.warnings).toBeUndefined();
    expect(training.rounds.map(({ kind }) => kind)).toEqual(Array<string>(4).fill('neurons'));
    const weights = network.init(Rng.fromSeed(1));
    let state: Sections = { ...weights, ...training.init(Rng.fromSeed(seed)) };
    const found: (readonly number[])[] = [];
    for (const round of training.rounds) {
      const decision = (await training.before!(round.start, round, state))!;
      expect(decision.change!.removedParams).toBeLessThanOrEqual(42);
      expect(decision.change!.removedParams).toBeGreaterThan(30);
      state = { ...state, ...decision.replaced };
      found.push([...(await training.removal!(state))!.masks['inner.weight']!]);
    }
    for (const masks of found) expect(masks).toEqual(found[0]);
    return found[0]!;
  };
  const [first, again, other] = [await masksOf(1), await masksOf(1), await masksOf(2)];
  expect(again).toEqual(first);
  expect(other).not.toEqual(first);
});

test('units go at random, by parameters and by multiply-accumulates', async () => {
  const resnet = await createTNet('resnet-test', { numClasses: 3 });
  for (const cost of ['params', 'macs'] as const) {
    const prune = { ...NEURON_LEVEL, cost, floor: { part: 0, units: 1 } };
    const who = async (seed: number) => {
      const training = random({ prune, select: { outputs: true } }).open(
        { ...task, network: resnet },
        length,
      );
      const state = { ...resnet.init(Rng.fromSeed(1)), ...training.init(Rng.fromSeed(seed)) };
      const [round] = training.rounds;
      const { replaced, change } = (await training.before!(0, round!, state))!;
      expect(change!.removedParams).toBeGreaterThan(0);
      const { masks } = (await training.removal!({ ...state, ...replaced }))!;
      return Object.values(masks).flatMap((mask) => [...mask]);
    };
    expect(await who(1)).toEqual(await who(1));
    expect(await who(1)).not.toEqual(await who(3));
  }
});
