import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type RunningBackend, startBackend } from '@ma-net/core';
import { loadNetwork } from '@ma-net/export/node';
import { NEURON_LEVEL } from '@ma-net/mnet';
import { disposeState } from '@ma-net/trainer';
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { compare, type CompareOptions } from './compare.ts';
import { type RunResult, summariesOf } from './compare-result.ts';
import { openRunDirectory } from './run-directory.ts';
import { openSavedRun, requireCheckpoint } from './saved-run.ts';
import { lockRun } from './run-lock.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(cpu);
});

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'ma-net-compare-'));
const SMALL = ['network.name=resnet-test', 'data.trainLimit=64', 'data.testLimit=40', 'batchSize=16'];
const recipe = await changed(
  ...SMALL,
  'epochs=4',
  'method.plainRounds=1',
  'method.maskEvery=iteration',
  'method.astrocyteIterations=2',
  'method.mnet.hidden=8',
  'method.mnet.heads=2',
  'method.mnet.cells=1',
);
/** So that the last state is not the best one. */
const TOO_FAST = ['optimizer.learningRate=1', 'schedule={"name":"constant","warmup":0}'];
const rule = { ...NEURON_LEVEL, remove: 0.4, floor: { part: 0.1, units: 1 } };
const methods = ['plain', 'slim', 'ma-net'];
const options = (out: string, others: Partial<CompareOptions> = {}): CompareOptions => ({
  out,
  installed,
  backend,
  tell: () => undefined,
  ...others,
});
/** Times are never the same. */
const withoutTimes = (results: readonly RunResult[]): unknown =>
  results.map(({ milliseconds: _, seconds: __, ...others }) => others);

describe('a comparison', () => {
  test('trains every method, stops when told, and goes on as if it had not', async () => {
    const comparison = { recipe, seeds: [0], methods, rule };
    const whole = await compare(comparison, options(await folder()));
    expect(whole.complete).toBe(true);
    expect(whole.results.map(({ method }) => method)).toEqual(methods);

    const out = await folder();
    const stop = new AbortController();
    const started: string[] = [];
    const first = await compare(
      comparison,
      options(out, {
        signal: stop.signal,
        watch: async ({ method, seed }) => {
          started.push(`${method}-${seed}`);
          return ({ type, step }) => {
            if (`${method}-${seed}` === 'slim-0' && type === 'step' && step === 6) stop.abort();
          };
        },
      }),
    );
    expect(first).toMatchObject({ complete: false, results: [{ method: 'plain' }] });
    expect(started).toEqual(['plain-0', 'slim-0']);

    started.length = 0;
    const steps: number[] = [];
    const second = await compare(
      comparison,
      options(out, {
        watch: async ({ method, seed }, _, state) => {
          started.push(`${method}-${seed}`);
          steps.push(state.step);
          return () => undefined;
        },
      }),
    );
    expect(started).toEqual(['slim-0', 'ma-net-0']);
    expect(steps).toEqual([6, 0]);
    expect(withoutTimes(second.results)).toEqual(withoutTimes(whole.results));

    // Whoever is compared is an ordinary run, and what is left of its network a file of the size that is told.
    for (const { method, seed, bytes, parameters, difference } of second.results) {
      expect(difference).toBeLessThan(1e-5);
      const path = join(out, `${method}-s${seed}`);
      expect(openRunDirectory(path).recipe).toMatchObject({ seed });
      expect(statSync(`${path}.safetensors`).size).toBe(bytes);
      const { params, facts } = await loadNetwork(`${path}.safetensors`);
      expect(facts.recipe).toMatchObject({ seed });
      expect(Object.values(params).reduce((sum, { size }) => sum + size, 0)).toBe(parameters);
    }
    const [plain, ...pruned] = second.results;
    for (const { parameters } of pruned) {
      expect(parameters).toBeLessThanOrEqual(0.65 * plain!.parameters);
      expect(parameters).toBeGreaterThan(0.4 * plain!.parameters);
    }
  });

  test('is of recipes as they are, under their names', async () => {
    const out = await folder();
    const plain = { ...(await changed(...SMALL, 'epochs=1', 'method=plain')), name: 'alone' };
    const views = { ...plain, name: 'twice', method: { ...plain.method, views: 2 } };
    const comparison = { recipes: [plain, views], seeds: [0] };
    const { results, complete } = await compare(comparison, options(out));
    expect(complete).toBe(true);
    expect(results.map(({ method }) => method)).toEqual(['alone', 'twice']);
    for (const { seconds } of results) expect(seconds).toBeGreaterThan(0);
    expect(openRunDirectory(join(out, 'twice-s0')).recipe).toMatchObject({ method: { views: 2 } });
    const again = await compare(
      { ...comparison, seeds: [0] },
      options(out, { watch: async () => expect.fail() }),
    );
    expect(again.results).toEqual(results);

    const twice = compare({ ...comparison, recipes: [plain, plain] }, options(await folder()));
    await expect(twice).rejects.toMatchObject({ code: 'bad-argument' });
    const other = { ...plain, name: 'other', task: { use: '@ma-net/task-fcos#fcos' } };
    const apart = compare(
      { ...comparison, recipes: [plain, other as typeof plain] },
      options(await folder()),
    );
    await expect(apart).rejects.toThrow(/measured otherwise/);
    await expect(compare({ ...comparison, recipes: [plain] }, options(out))).rejects.toMatchObject({
      code: 'bad-recipe',
    });
  });

  test('is of one recipe, of one writer, and takes more seeds later', async () => {
    const out = await folder();
    const short = await changed(...SMALL, 'epochs=1');
    const comparison = { recipe: short, seeds: [3], methods: ['plain', 'magnitude'], rule };
    await compare(comparison, options(out));
    const other = await changed('epochs=1');
    await expect(compare({ ...comparison, recipe: other }, options(out))).rejects.toMatchObject({
      code: 'bad-recipe',
    });
    const lock = await lockRun(out);
    await expect(compare(comparison, options(out))).rejects.toMatchObject({ code: 'locked' });
    lock.release();
    const { results } = await compare({ ...comparison, seeds: [3, 4] }, options(out));
    expect(results.map(({ method, seed }) => `${method}-${seed}`)).toEqual([
      'plain-3',
      'magnitude-3',
      'plain-4',
      'magnitude-4',
    ]);

    await expect(compare({ ...comparison, methods: ['plain', 'plain'] }, options(out))).rejects.toMatchObject(
      {
        code: 'bad-argument',
      },
    );
    await expect(compare({ ...comparison, methods: ['plane'] }, options(out))).rejects.toMatchObject({
      code: 'unknown-name',
    });
    const result = join(out, 'plain-s3.json');
    writeFileSync(result, '{"method": 3}');
    await expect(compare(comparison, options(out))).rejects.toMatchObject({ code: 'bad-file' });
    rmSync(result);
    await compare(comparison, options(out));
    expect(existsSync(result)).toBe(true);
  });

  test('measures the best state by what is held out', async () => {
    const out = await folder();
    const held = await changed(...SMALL, 'data.validation=0.25', 'epochs=4', ...TOO_FAST);
    const comparison = { recipe: held, seeds: [0], methods: ['plain'] };
    const seen: [step: number, value: number][] = [];
    const { results } = await compare(
      comparison,
      options(out, {
        watch: async () => (event) => {
          if (event.type === 'evaluation' && event.set === 'validation')
            seen.push([event.step, event.measures['top1']!]);
        },
      }),
    );
    const most = Math.max(...seen.map(([, value]) => value));
    const [best] = seen.findLast(([, value]) => value === most)!;
    expect(best).toBeLessThan(12);
    expect(results).toMatchObject([{ step: best, validation: { top1: most } }]);
    // Measured again, it is the same one.
    rmSync(join(out, 'plain-s0.json'));
    const again = await compare(comparison, options(out));
    expect(withoutTimes(again.results)).toEqual(withoutTimes(results));
  });

  test('measures averages where the recipe keeps them, with gates and without units', async () => {
    const out = await folder();
    const averaging = { ...recipe, ema: { decay: 0.9, warmup: true } };
    const { results } = await compare(
      { recipe: averaging, seeds: [0], methods: ['plain', 'ma-net'], rule },
      options(out),
    );
    const [plain, maNet] = results;
    for (const { method, test: measures, difference } of results) {
      // The compacted network computes what the averages do, and what was measured at the end of the training.
      expect(difference).toBeLessThan(1e-5);
      const lines = openRunDirectory(join(out, `${method}-s0`)).metrics();
      const { measures: logged } = lines.findLast(({ type }) => type === 'evaluation')!;
      expect(measures['top1']).toBe((logged as Record<string, number>)['top1']);
      const { params } = await loadNetwork(join(out, `${method}-s0.safetensors`));
      const saved = await openSavedRun(join(out, `${method}-s0`), installed);
      const raw = saved.checkpoint()!.state;
      const used = requireCheckpoint(saved).state;
      const name = Object.keys(raw.sections.params).find((n) => n.endsWith('weight'))!;
      expect(await used.sections.params[name]!.data()).not.toEqual(await raw.sections.params[name]!.data());
      // Where nobody pruned, the file holds the averages themselves.
      if (saved.run.training.removal === undefined)
        expect(await params[name]!.data()).toEqual(await used.sections.params[name]!.data());
      disposeState(raw);
      disposeState(used);
    }
    expect(maNet!.parameters).toBeLessThan(0.65 * plain!.parameters);
  });

  test('in milliseconds is measured once', async () => {
    const out = await folder();
    const { beta, floor } = rule;
    const inTime = {
      unit: 'neuron',
      mode: 'target',
      cost: 'latency',
      milliseconds: 1e6,
      beta,
      floor,
    } as const;
    const short = await changed(...SMALL, 'epochs=1');
    const comparison = { recipe: short, seeds: [0], methods: ['plain', 'slim'], rule: inTime };
    await compare(comparison, options(out));
    const table = (name: string): unknown =>
      (JSON.parse(readFileSync(join(out, name), 'utf8')) as { prune?: { table?: unknown } }).prune?.table;
    const measured = table('compare.json');
    expect(measured).toMatchObject({ backend: 'cpu', batchSize: 16 });
    expect(openRunDirectory(join(out, 'slim-s0')).recipe).toMatchObject({
      method: { prune: { table: measured } },
    });
    await compare({ ...comparison, seeds: [0, 1] }, options(out));
    expect(table('compare.json')).toEqual(measured);
  });
});

test('summaries pair runs by their seed', () => {
  const result = (method: string, seed: number, top1: number): RunResult => ({
    method,
    seed,
    step: 8,
    headline: 'top1',
    better: 'larger',
    test: { top1 },
    parameters: 10,
    macs: 20,
    bytes: 40,
    milliseconds: { dense: 2, compacted: 1 },
    difference: 0,
  });
  const results = [
    result('plain', 0, 0.5),
    result('ma-net', 1, 0.7),
    result('ma-net', 0, 0.6),
    result('plain', 1, 0.8),
    result('ma-net', 2, 0.1),
  ];
  const [plain, maNet] = summariesOf(results);
  expect(plain).toMatchObject({ method: 'plain', test: { runs: 2, mean: 0.65 }, differences: {} });
  expect(plain!.validation).toBeUndefined();
  expect(maNet!.test.runs).toBe(3);
  const { plain: pairs } = maNet!.differences;
  expect(pairs).toMatchObject({ runs: 2, positive: 1 });
  // +0.1 and -0.1: t of one degree times 0.1414 / sqrt(2).
  expect(pairs!.mean).toBeCloseTo(0, 12);
  expect(pairs!.margin).toBeCloseTo(12.7062 * 0.1, 4);
});

test('goes on with what a run found, in its place, and from where that was stopped', async () => {
  const out = await folder();
  const searching = { ...(await changed(...SMALL, 'epochs=1', 'method=plain')), name: 'searching' };
  const like = { ...(await changed(...SMALL, 'epochs=2', 'method=plain')), name: 'found' };
  const comparison = { recipes: [searching], seeds: [5] };
  const states: number[] = [];
  const next: CompareOptions['next'] = async ({ recipe: { name } }, { step }) => {
    if (name !== 'searching') return undefined;
    states.push(step);
    return like;
  };
  const stop = new AbortController();
  const first = await compare(
    comparison,
    options(out, {
      signal: stop.signal,
      next,
      watch:
        async ({ path }) =>
        ({ type, step }) => {
          if (path.endsWith('-found') && type === 'step' && step === 5) stop.abort();
        },
    }),
  );
  expect(first).toEqual({ results: [], complete: false });
  expect(existsSync(join(out, 'searching-s5.json'))).toBe(false);

  const started: [path: string, step: number][] = [];
  const watch: CompareOptions['watch'] = async ({ path }, _, { step }) => {
    started.push([path, step]);
    return () => undefined;
  };
  const second = await compare(comparison, options(out, { next, watch }));
  expect(started).toEqual([[join(out, 'searching-s5-found'), 5]]);
  expect(states).toEqual([4, 4]);
  expect(second.results).toMatchObject([{ method: 'searching', seed: 5, step: 8 }]);
  expect(openRunDirectory(join(out, 'searching-s5-found')).recipe).toMatchObject({ name: 'found', seed: 5 });

  const alone = await compare({ recipes: [like], seeds: [5] }, options(await folder()));
  const [{ method: _, ...found }] = withoutTimes(second.results) as [RunResult];
  expect(withoutTimes(alone.results)).toMatchObject([found]);
  const seconds = (path: string): number =>
    openRunDirectory(join(out, path))
      .metrics()
      .reduce((sum, line) => sum + (line.type === 'step' ? (line['seconds'] as number) : 0), 0);
  expect(second.results[0]!.seconds).toBeCloseTo(seconds('searching-s5') + seconds('searching-s5-found'), 9);
  // All is there: nothing is looked at again.
  const again = await compare(comparison, options(out, { next: async () => expect.fail() }));
  expect(again.results).toEqual(second.results);
});
