import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type RunningBackend, startBackend } from '@ma-net/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import type { RunResult } from './compare-result.ts';
import { lockRun } from './run-lock.ts';
import {
  forgetFailures,
  runsOf,
  settingsOf,
  settingSummaries,
  sweep,
  type SweepOptions,
  type SweptResult,
} from './sweep.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(cpu);
});

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'ma-net-sweep-'));
const recipe = await changed(
  ...['network.name=resnet-test', 'data.trainLimit=32', 'data.testLimit=20', 'batchSize=16', 'epochs=1'],
  'method=plain',
);
const rates = { path: 'optimizer.learningRate', values: ['0.05', '0.1'] };
const options = (out: string, others: Partial<SweepOptions> = {}): SweepOptions => ({
  out,
  installed,
  backend,
  tell: () => undefined,
  ...others,
});

describe('settings', () => {
  test('are every combination, and are called by what differs', () => {
    const axes = [rates, { path: 'epochs', values: ['3'] }, { path: 'batchSize', values: ['8', '16', '32'] }];
    const settings = settingsOf(axes);
    expect(settings.length).toBe(6);
    expect(settings[1]).toEqual({
      name: 'optimizer.learningRate=0.05 batchSize=16',
      changes: ['optimizer.learningRate=0.05', 'epochs=3', 'batchSize=16'],
    });
    expect(settingsOf([])).toEqual([{ name: '', changes: [] }]);
  });

  test('are folders of different names, whatever the values hold', async () => {
    const axes = [{ path: 'about', values: ['a/b', 'a b', '../a', 'a'.repeat(200), `${'a'.repeat(200)}b`] }];
    const runs = await runsOf({ recipe, seeds: [0, 1], axes }, { out: 'out', installed });
    const names = runs.map(({ path }) => path);
    expect(new Set(names).size).toBe(10);
    for (const name of names) expect(name).toMatch(/^out\/[A-Za-z0-9.=+-]+$/);
    expect(runs.map(({ recipe: own }) => own.about)).toContain('../a');
  });

  test('of values that a field does not take are refused before anything is trained', async () => {
    const axes = [{ path: 'batchSize', values: ['8', 'many'] }];
    await expect(sweep({ recipe, seeds: [0], axes }, options(await folder()))).rejects.toMatchObject({
      code: 'bad-recipe',
    });
  });
});

describe('a sweep', () => {
  test('trains what is missing, and takes more seeds later', async () => {
    const out = await folder();
    const asked = { recipe, seeds: [0], axes: [rates] };
    const started: string[] = [];
    const watch: SweepOptions['watch'] = async ({ path }) => {
      started.push(path.slice(out.length + 1));
      return () => undefined;
    };
    const first = await sweep(asked, options(out, { watch }));
    expect(first).toMatchObject({ complete: true, failed: [] });
    expect(started).toEqual(['learningRate=0.05-s0', 'learningRate=0.1-s0']);
    rmSync(join(out, 'learningRate=0.1-s0.json'));
    started.length = 0;
    const more = await sweep({ ...asked, seeds: [0, 1] }, options(out, { watch }));
    // The second one was trained, and is only measured again.
    expect(started).toEqual(['learningRate=0.05-s1', 'learningRate=0.1-s1']);
    expect(more.results.map(({ setting, seed }) => `${setting} ${seed}`)).toEqual([
      'optimizer.learningRate=0.05 0',
      'optimizer.learningRate=0.1 0',
      'optimizer.learningRate=0.05 1',
      'optimizer.learningRate=0.1 1',
    ]);
    expect(more.results[0]!.result.test).toEqual(first.results[0]!.result.test);
    const other = { ...asked, axes: [{ ...rates, values: ['0.05', '0.2'] }] };
    await expect(sweep(other, options(out))).rejects.toMatchObject({ code: 'bad-recipe' });
  });

  test('leaves to others what they have begun, and waits for it', async () => {
    const out = await folder();
    const asked = { recipe, seeds: [0, 1], axes: [] };
    const [first, second] = [[0], [1]].map((own) => options(out, { mine: (run) => own.includes(run) }));
    const [one, two] = await Promise.all([sweep(asked, first!), sweep(asked, second!)]);
    for (const { complete, results } of [one, two]) {
      expect(complete).toBe(true);
      expect(results.map(({ seed }) => seed)).toEqual([0, 1]);
    }

    // A run that another process claims is passed over until it is done.
    const again = await folder();
    await sweep(asked, options(again));
    rmSync(join(again, 's1.json'));
    const lock = await lockRun(join(again, 'claims', 's1'));
    const waited = sweep(asked, options(again));
    setTimeout(() => lock.release(), 300);
    expect(await waited).toMatchObject({ complete: true });
    expect(existsSync(join(again, 's1.json'))).toBe(true);
  });

  test('tells of a run that fails, trains the others, and tries it again', async () => {
    const out = await folder();
    // The second rate leaves the numbers at once.
    const asked = { recipe, seeds: [0], axes: [{ ...rates, values: ['0.05', '1e30'] }] };
    const told: string[] = [];
    const first = await sweep(asked, options(out, { tell: (words) => told.push(words) }));
    expect(first.results.map(({ setting }) => setting)).toEqual(['optimizer.learningRate=0.05']);
    expect(first.failed).toEqual([
      expect.objectContaining({ setting: 'optimizer.learningRate=1e30', seed: 0 }),
    ]);
    expect(told.length).toBe(1);
    expect((await sweep(asked, options(out, { tell: (words) => told.push(words) }))).failed.length).toBe(1);
    expect(told.length).toBe(1);
    await forgetFailures(asked, { out, installed });
    expect(readdirSync(out).filter((name) => name.endsWith('.failed.json'))).toEqual([]);
  });

  test('stops when told', async () => {
    const stop = new AbortController();
    stop.abort();
    const asked = { recipe, seeds: [0], axes: [] };
    expect(await sweep(asked, options(await folder(), { signal: stop.signal }))).toMatchObject({
      complete: false,
      results: [],
    });
  });
});

test('the best setting is that of the images that are held out, and there is none without them', () => {
  const result = (setting: string, seed: number, test: number, validation?: number): SweptResult => ({
    setting,
    seed,
    result: {
      headline: 'top1',
      better: 'larger',
      test: { top1: test },
      ...(validation === undefined ? {} : { validation: { top1: validation } }),
      parameters: 10,
    } as unknown as RunResult,
  });
  const held = settingSummaries([
    result('a', 0, 0.9, 0.5),
    result('b', 0, 0.8, 0.7),
    result('b', 1, 0.6, 0.5),
  ]);
  expect(held.map(({ setting, best }) => [setting, best])).toEqual([
    ['a', false],
    ['b', true],
  ]);
  expect(held[1]!.test.mean).toBeCloseTo(0.7);
  expect(settingSummaries([result('a', 0, 0.9), result('b', 0, 0.8)]).some(({ best }) => best)).toBe(false);
});

test('measures what a run found, as a comparison does', async () => {
  const out = await folder();
  const next: SweepOptions['next'] = async ({ recipe: { name } }) =>
    name === 'found' ? undefined : { ...recipe, name: 'found', epochs: 2 };
  const { results } = await sweep({ recipe, seeds: [0], axes: [] }, options(out, { next }));
  expect(results).toMatchObject([{ seed: 0, result: { step: 4 } }]);
});
