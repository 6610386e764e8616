// Searches are runs: what they find depends on the seed alone, and one that was stopped goes on as one that was not.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type RunningBackend, startBackend } from '@ma-net/core';
import { countParameters } from '@ma-net/metrics';
import { type Genotype, genotypeText, nasBench201Network, type Searching } from '@ma-net/search';
import { disposeState, encodeCheckpoint } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { factsOf } from './facts.ts';
import { openRun } from './open.ts';
import { createRunDirectory } from './run-directory.ts';
import { continueSavedRun } from './saved-run.ts';
import { continuedRun, trainRun } from './train-run.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(cpu);
});

/** What is found has at most so many parameters; most networks of the space have more. */
const BUDGET = 1500;

const search = (method: string, ...options: readonly string[]) =>
  changed(
    'network=@ma-net/search#supernet',
    'network.space=nas-bench-201',
    'network.channels=2',
    'network.layers=1',
    `network.budget.params=${BUDGET}`,
    'data.trainLimit=32',
    'data.testLimit=8',
    'batchSize=8',
    `method=@ma-net/search#${method}`,
    ...options,
  );

/** A new search that stops after `stopAt` mini-batches, and goes on as another process would. */
async function searched(recipe: Awaited<ReturnType<typeof search>>, stopAt?: number) {
  const path = join(mkdtempSync(join(tmpdir(), 'ma-net-search-')), 'run');
  const stop = new AbortController();
  let open = await openRun(recipe, installed);
  let directory = await createRunDirectory(path, recipe, factsOf(open, backend));
  let state = open.start();
  const listen = ({ type, step }: { type: string; step: number }): void => {
    if (type === 'step' && step === stopAt) stop.abort();
  };
  const first = await trainRun(open, directory, state, { signal: stop.signal, listen });
  if (stopAt !== undefined) {
    expect(first.reason).toBe('interrupted');
    disposeState(state);
    directory.close();
    await open.source.close();
    const saved = await continueSavedRun(path, installed);
    ({ directory } = saved);
    ({ open, state } = await continuedRun(saved, backend, (words) => expect(words).toBe('')));
    expect(state.step).toBe(stopAt);
    await trainRun(open, directory, state);
  }
  const { genotype } = await (open.training as Searching<never>).found(state.sections);
  const built = nasBench201Network(
    'found',
    { genotype: genotypeText(genotype), channels: 2, cells: 1 },
    { numClasses: 10, inputShape: [8, 8, 1] },
  );
  expect(countParameters(built).total).toBeLessThanOrEqual(BUDGET);
  const checkpoint = await encodeCheckpoint(state, open.source, open.network);
  const losses = directory.metrics().flatMap((line) => (line.type === 'step' ? [line['loss']] : []));
  const moved = state.sections['alphas'] ?? { cell: state.sections['tried']!['scores']! };
  const alphas = [...(await moved['cell']!.data())];
  disposeState(state);
  directory.close();
  return { genotype: genotype as Genotype, checkpoint, losses, alphas };
}

const searches: Readonly<Record<string, readonly [options: readonly string[], stopAt: number]>> = {
  darts: [['epochs=1.5', 'method.learningRate=0.1', 'method.warmup=0.2'], 3],
  'darts-pt': [['epochs=5', 'method.measure=1', 'method.tune=1', 'method.learningRate=0.1'], 11],
  'shapley-nas': [['epochs=2', 'method.permutations=2', 'method.every=1'], 6],
  hotnas: [
    [
      'epochs=2',
      ...['evaluations=4', 'measure=1', 'first=2', 'mutations=3', 'others=1'].map((one) => `method.${one}`),
    ],
    5,
  ],
  'nas-lid': [
    [
      'epochs=4',
      ...['levels=2', 'warmup=1', 'compare=1', 'tune=1', 'population=3', 'generations=2', 'measure=2'].map(
        (one) => `method.${one}`,
      ),
    ],
    13,
  ],
};

describe.each(Object.keys(searches))('%s', (method) => {
  const [options, stopAt] = searches[method]!;

  test('finds the same, to the last bit, whether it was stopped or not', async () => {
    const recipe = await search(method, ...options);
    const [whole, stopped] = [await searched(recipe), await searched(recipe, stopAt)];
    expect(stopped.genotype).toEqual(whole.genotype);
    expect(Buffer.compare(stopped.checkpoint, whole.checkpoint)).toBe(0);
    expect(stopped.losses).toEqual(whole.losses);
    expect(whole.losses.every((loss) => Number.isFinite(loss))).toBe(true);
    expect(genotypeText(whole.genotype)).toMatch(/^\|\w+~0\|\+/);
    expect(Math.max(...whole.alphas.map(Math.abs))).toBeGreaterThan(0.02);
  });
});

test('gradients of second order search as well, each seed in its own way, and leave nothing behind', async () => {
  const recipe = await search('darts', 'epochs=0.5', 'method.order=second', 'method.learningRate=0.1');
  const first = await searched(recipe);
  expect(first.losses).toHaveLength(2);
  const before = tf.memory().numTensors;
  const other = await searched({ ...recipe, seed: 1 });
  expect(other.alphas).not.toEqual(first.alphas);
  expect(tf.memory().numTensors).toBe(before);
});

test.each([
  ['darts-pt', ['epochs=1', 'method.measure=2'], /6 decisions of 2 mini-batches/],
  ['shapley-nas', ['epochs=0.5'], /needs 12 at least/],
  ['hotnas', ['epochs=0.5'], /100 candidates, each trained and measured on 10/],
  ['nas-lid', ['epochs=0.5'], /15 supernets trained for 100 and divided by 10, 16 more/],
])('%s refuses a budget that holds no decision', async (method, options, message) => {
  const recipe = await search(method, ...options);
  await expect(openRun(recipe, installed)).rejects.toMatchObject({
    code: 'bad-argument',
    message: expect.stringMatching(message) as string,
  });
});

test('a network that is no supernet is refused by every search', async () => {
  const recipe = await changed('method=@ma-net/search#darts');
  await expect(openRun(recipe, installed)).rejects.toMatchObject({ code: 'network-mismatch' });
});
