import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type RunningBackend, startBackend } from '@ma-net/core';
import { loadNetwork } from '@ma-net/export/node';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { beforeAll, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { shrink, type ShrinkOptions } from './shrink.ts';
import { openedRun } from './train-run.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(cpu);
});

const floor = { part: 0.1, units: 1 };
const recipeWith = (rule: object) =>
  changed(
    'network.name=resnet-test',
    'data.trainLimit=64',
    'data.testLimit=20',
    'data.validation=0.25',
    'batchSize=8',
    'epochs=4',
    'evaluateEvery=0.5',
    'method.plainRounds=1',
    'method.ramp=0.4',
    'method.astrocyteIterations=2',
    'method.mnet.hidden=8',
    'method.mnet.heads=2',
    'method.mnet.cells=1',
    `method.prune=${JSON.stringify(rule)}`,
  );
const options = (others: Partial<ShrinkOptions> = {}): ShrinkOptions => ({
  out: mkdtempSync(join(tmpdir(), 'ma-net-shrink-')),
  installed,
  backend,
  tell: () => undefined,
  ...others,
});

test('writes a network of the size that was asked for, the same one after an interruption', async () => {
  const recipe = await recipeWith({ ...NEURON_LEVEL, remove: 0.4, floor });
  const whole = (await shrink(recipe, options()))!;
  expect(whole.after.parameters).toBeLessThanOrEqual(0.6 * whole.before.parameters);
  expect(whole.difference).toBeLessThan(1e-5);

  const stop = new AbortController();
  const stopped = options({
    signal: stop.signal,
    watch: async () => (event) => {
      if (event.type === 'step' && event.step === 15) stop.abort();
    },
  });
  expect(await shrink(recipe, stopped)).toBeUndefined();
  const { out } = stopped;
  const { after, step, files } = (await shrink(recipe, options({ out })))!;
  expect([after.test, step]).toEqual([whole.after.test, whole.step]);
  const { params, facts } = await loadNetwork(files.weights);
  expect(Object.values(params).reduce((sum, { size }) => sum + size, 0)).toBe(after.parameters);
  expect(facts.compaction!.totalParams).toBe(whole.before.parameters);
  expect(readFileSync(files.graph).length).toBeGreaterThan(0);

  const other = await recipeWith({ ...NEURON_LEVEL, remove: 0.3, floor });
  await expect(shrink(other, options({ out }))).rejects.toMatchObject({ code: 'bad-recipe' });
  await expect(openedRun({ path: join(out, 'run'), recipe: other }, options({ out }))).rejects.toMatchObject({
    code: 'bad-recipe',
  });
});

test('a time is measured once, and one that cannot be reached is refused', async () => {
  const { beta } = NEURON_LEVEL;
  const rule = { unit: 'neuron', mode: 'target', cost: 'latency', milliseconds: 1e5, beta, floor };
  const stop = new AbortController();
  stop.abort();
  const first = options({ signal: stop.signal });
  expect(await shrink(await recipeWith(rule), first)).toBeUndefined();
  // Measured again, the table would be another, and the run another one.
  expect(await shrink(await recipeWith(rule), first)).toBeUndefined();
  await expect(shrink(await recipeWith({ ...rule, milliseconds: 1e-9 }), options())).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(/one takes at least/) as unknown,
  });
});

test('refuses what the floors or the length of the run forbid', async () => {
  const tooMuch = await recipeWith({ ...NEURON_LEVEL, remove: 0.99, floor });
  const asked = options();
  await expect(shrink(tooMuch, asked)).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(/at most [\d.]+ % can go/) as unknown,
  });
  // Nothing was begun that stands in the way of a smaller target.
  expect(existsSync(join(asked.out, 'run'))).toBe(false);
});
