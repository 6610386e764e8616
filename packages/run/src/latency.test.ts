import { cpu } from '@ma-net/backend-cpu';
import { type Network, type RunningBackend, startBackend } from '@ma-net/core';
import { latencyMeasure, looseGroups, measured, measureLatency, NEURON_LEVEL, select } from '@ma-net/mnet';
import { expectNoLeak } from '@ma-net/testing';
import { createTNet } from '@ma-net/tnet';
import { beforeAll, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import {
  measuredRecipe,
  measuredRule,
  millisecondsInTurn,
  millisecondsPerImage,
  stopwatch,
} from './latency.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(cpu);
});

const small = () => createTNet('resnet-test', { numClasses: 5 });
const { beta, floor } = NEURON_LEVEL;
const fast = { unit: 'neuron', mode: 'target', cost: 'latency', beta, floor } as const;

test('times a network, and keeps nothing', async () => {
  const network = await small();
  await expectNoLeak(async () => {
    expect(await millisecondsPerImage(network, 2)).toBeGreaterThan(0);
  });
});

test('times networks in turn, each as often', async () => {
  const passes: string[] = [];
  const told = (name: string, network: Network): Network => ({
    ...network,
    forward: (...given) => {
      passes.push(name);
      return network.forward(...given);
    },
  });
  const times = await millisecondsInTurn([told('a', await small()), told('b', await small())], 2);
  expect(times.every((time) => time > 0)).toBe(true);
  expect(passes.length).toBeGreaterThanOrEqual(14);
  expect(passes.filter((_, i) => i % 2 === 0)).toEqual(passes.slice(0, passes.length / 2).map(() => 'a'));
});

test('a table says where it was measured, and foretells less time for fewer units', async () => {
  const network = await small();
  const table = await measureLatency(network, stopwatch(backend, 2));
  expect(table).toMatchObject({ backend: 'cpu', batchSize: 2, computing: backend.facts() });
  const groups = looseGroups(network);
  const latency = latencyMeasure(network, groups, table);
  const at = (part: number): number =>
    measured(
      latency,
      groups.map(({ units }) => Math.max(1, Math.round(part * units))),
    );
  expect(at(1)).toBeCloseTo(table.milliseconds, 9);
  expect(at(0.5)).toBeLessThanOrEqual(at(1));
  expect(at(0.25)).toBeLessThanOrEqual(at(0.5));
});

test('a rule is measured once, and refused where it cannot be reached', async () => {
  const network = await small();
  const kernels = select(network, { outputs: true });
  const watch = stopwatch(backend, 2);
  const rule = await measuredRule({ ...fast, milliseconds: 1e6 }, network, kernels, watch);
  expect(rule).toMatchObject({ milliseconds: 1e6, table: { backend: 'cpu' } });
  const never = () => Promise.reject(new Error('measured again'));
  expect(await measuredRule(rule, network, kernels, { ...watch, time: never })).toEqual(rule);
  expect(await measuredRule(NEURON_LEVEL, network, kernels, { ...watch, time: never })).toBe(NEURON_LEVEL);
  await expect(
    measuredRule({ ...rule, milliseconds: 1e-9 } as typeof rule, network, kernels, watch),
  ).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(/one takes at least [\d.e-]+ ms/) as unknown,
  });
});

test('a recipe that asks for a time is measured before it is trained; others start no backend', async () => {
  const never = () => Promise.reject(new Error('a backend was started'));
  const other = await changed('network.name=resnet-test');
  expect(await measuredRecipe(other, installed, never)).toBe(other);
  const rule = JSON.stringify({ ...fast, milliseconds: 1e6 });
  const asked = await changed('network.name=resnet-test', 'batchSize=4', `method.prune=${rule}`);
  const recipe = await measuredRecipe(asked, installed, async () => backend);
  expect(recipe).toMatchObject({
    method: { prune: { milliseconds: 1e6, table: { backend: 'cpu', batchSize: 4 } } },
  });
  expect(await measuredRecipe(recipe, installed, never)).toBe(recipe);
});
