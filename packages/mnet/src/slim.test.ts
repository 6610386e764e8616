import '../test/backend.ts';
import { countParams, Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { network, oracle } from '../test/neuron-level.ts';
import { randomNetwork, randomTransformer } from '../test/random-network.ts';
import { NEURON_LEVEL } from './prune-rule.ts';
import { slimNetwork } from './slim.ts';
import { looseGroups } from './unit-groups.ts';
import { leastCost, slimUnits } from './unit-plan.ts';
import { measured, parameterMeasure } from './unit-size.ts';

test('is a network with one part of every width, and starts afresh', async () => {
  const slim = slimNetwork(network, NEURON_LEVEL);
  const groups = looseGroups(network);
  const params = parameterMeasure(network, groups);
  const alive = slimUnits(groups, [params], 0.5);
  expect(looseGroups(slim).map(({ units }) => units)).toEqual(alive);
  const made = slim.init(Rng.fromSeed(1)).params;
  expect(countParams(made)).toBe(measured(params, alive));
  expect(countParams(made)).toBeLessThanOrEqual(oracle.fullParams / 2);
  const again = slim.init(Rng.fromSeed(1)).params;
  for (const [name, value] of Object.entries(made))
    expect(await again[name]!.data()).toEqual(await value.data());
});

test.each(Array.from({ length: 12 }, (_, i) => i + 1))(
  'stores and computes no more than the rule leaves (random network %i)',
  (seed) => {
    const random = seed % 3 === 0 ? randomTransformer(seed) : randomNetwork(seed);
    const found = looseGroups(random);
    const measure = parameterMeasure(random, found);
    const remove = (1 - leastCost(found, [measure], { part: 0, units: 1 })) / 2;
    const slim = slimNetwork(random, { ...NEURON_LEVEL, remove });
    const left = countParams(slim.init(Rng.fromSeed(1)).params);
    const full = found.map(({ units }) => units);
    expect(left).toBe(measured(measure, slimUnits(found, [measure], remove)));
    expect(left).toBeLessThanOrEqual((1 - remove) * measured(measure, full) + 1e-6);
  },
);

test('refuses what cannot be reached, saying what can, and rules without a target', () => {
  const refused = (problem: string): unknown =>
    expect.objectContaining({ code: 'bad-argument', message: expect.stringContaining(problem) as string });
  expect(() => slimNetwork(network, { ...NEURON_LEVEL, remove: 0.99 })).toThrowError(
    refused('with one unit in every group'),
  );
  const { floor } = NEURON_LEVEL;
  for (const rule of [
    { mode: 'delta', delta: 1e-3, kappa: 0.5 },
    { mode: 'target', removeModulated: 0.5 },
    { unit: 'neuron', mode: 'delta', delta: 1e-3, kappa: 0.5, floor },
  ] as const)
    expect(() => slimNetwork(network, rule)).toThrowError(refused('No size follows'));
});
