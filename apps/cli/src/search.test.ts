// `manet search`, as it is typed: what it refuses before anything is trained, and a search from its first line to its last.

import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countMacs, countParameters } from '@ma-net/metrics';
import type { Recipe } from '@ma-net/run';
import { nasBench201Network, type NasBench201Shape } from '@ma-net/search';
import { expect, test, vi } from 'vitest';
import { search } from './commands/search.ts';

vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'ma-net-search-command-'));
const small = [
  'network.channels=2',
  'data.trainLimit=40',
  'data.testLimit=8',
  'batchSize=8',
  'epochs=0.5',
  'evaluateEvery=1',
];
const run = (name: string, recipe: string, more: object = {}) =>
  search({ recipe, set: small, backend: 'cpu', out: join(folder, name), ...more });

test('a recipe of one network has nothing to search', async () => {
  await expect(search({ recipe: 'digits', set: [], backend: 'cpu' })).rejects.toMatchObject({
    code: 'bad-recipe',
  });
});

test('a search writes what it found, as a recipe of the same data', async () => {
  expect(await run('darts', 'digits-darts-pt-search', { method: 'darts' })).toBe(0);
  const found = JSON.parse(readFileSync(join(folder, 'darts', 'found.json'), 'utf8')) as Record<
    string,
    object
  >;
  expect(found).toMatchObject({
    name: 'digits-darts-pt-search-found',
    network: { use: '@ma-net/search#nas-bench-201-network', channels: 2, cells: 1 },
    method: { use: '@ma-net/baselines#plain' },
  });
  // Once more: it was at its end, and finds the same.
  expect(await search({ set: [], backend: 'cpu', resume: join(folder, 'darts') })).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, 'darts', 'found.json'), 'utf8'))).toEqual(found);
});

test('a recipe of another space cannot train what is found', async () => {
  await expect(
    run('other', 'digits-shapley-search', { method: 'darts', as: 'cifar10-darts' }),
  ).rejects.toMatchObject({ code: 'network-mismatch' });
  expect(existsSync(join(folder, 'other'))).toBe(false);
});

test('what is found obeys a budget, of the network that it is trained as', async () => {
  const limits = { params: 1500, macs: 60_000 };
  const limited = { method: 'darts', maxParams: limits.params, maxMacs: limits.macs };
  expect(await run('small', 'digits-shapley-search', limited)).toBe(0);
  const read = (file: string) => JSON.parse(readFileSync(join(folder, 'small', file), 'utf8')) as Recipe;
  expect(read('recipe.json')).toMatchObject({ network: { budget: limits } });
  const network = nasBench201Network('found', read('found.json').network as unknown as NasBench201Shape, {
    numClasses: 10,
    inputShape: [8, 8, 1],
  });
  expect(countParameters(network).total).toBeLessThanOrEqual(limits.params);
  expect(countMacs(network)).toBeLessThanOrEqual(limits.macs);
  await expect(
    run('none', 'digits-darts-search', { method: 'darts', maxParams: 100_000, as: 'cifar10-darts' }),
  ).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(
      /^No network of darts has at most 100000 parameters: the smallest one has \d{6}/,
    ) as string,
  });
  expect(existsSync(join(folder, 'none'))).toBe(false);
});
