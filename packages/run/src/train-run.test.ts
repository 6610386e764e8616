import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { evaluate, type RunningBackend, startBackend } from '@ma-net/core';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { changed, installed } from '../test/recipe.ts';
import { knownBest } from './best-state.ts';
import { factsOf } from './facts.ts';
import type { MetricLine } from './metrics-file.ts';
import { openRun, testSet } from './open.ts';
import { override } from './override.ts';
import { createRunDirectory, isOwnName } from './run-directory.ts';
import { continueSavedRun, requireBest } from './saved-run.ts';
import { continuedRun, type TrainOptions, trainRun } from './train-run.ts';

let backend: RunningBackend;
beforeAll(async () => {
  backend = await startBackend(cpu);
});

const whole = await changed(
  'network.name=resnet-test',
  'data.trainLimit=48',
  'data.testLimit=20',
  'batchSize=16',
  'epochs=3',
  'method=plain',
);
const tell = (words: string): never => {
  throw new Error(words);
};

const held = await override(whole, ['data.validation=0.25', 'evaluateEvery=0.5'], installed);

/** A new run that stops after `stopAt` mini-batches. */
async function started(stopAt: number, recipe = whole, more: TrainOptions = {}) {
  const path = join(mkdtempSync(join(tmpdir(), 'ma-net-train-')), 'run');
  const open = await openRun(recipe, installed);
  const directory = await createRunDirectory(path, recipe, factsOf(open, backend));
  const state = open.start();
  const stop = new AbortController();
  const trained = await trainRun(open, directory, state, {
    ...more,
    signal: stop.signal,
    listen: ({ type, step }) => {
      if (type === 'step' && step === stopAt) stop.abort();
    },
  });
  directory.close();
  disposeState(state);
  return { path, trained, lines: directory.metrics() };
}

const losses = (lines: readonly { readonly type: string }[]): unknown[] =>
  lines.filter(({ type }) => type === 'step').map((line) => (line as { loss?: unknown }).loss);

test('a run that was stopped goes on as one that was not', async () => {
  const unstopped = await started(Infinity);
  expect(unstopped.trained).toMatchObject({
    reason: 'budget',
    measures: { top1: expect.any(Number) as number },
  });
  const { path, trained } = await started(4, whole, { tensorboard: true });
  expect(trained.reason).toBe('interrupted');

  const saved = await continueSavedRun(path, installed);
  const { open, state } = await continuedRun(saved, backend, tell);
  expect(state.step).toBe(4);
  const { reason, measures } = await trainRun(open, saved.directory, state);
  expect(reason).toBe('budget');
  expect(measures).toEqual(unstopped.trained.measures);
  expect(losses(saved.directory.metrics())).toEqual(losses(unstopped.lines));
  expect(saved.directory.metrics().length).toBeGreaterThan(0);
  // Event files of a run that has some go on without being asked for.
  expect(readdirSync(join(path, 'tensorboard'))).toHaveLength(2);
  expect(existsSync(join(unstopped.path, 'tensorboard'))).toBe(false);
  saved.directory.close();
  disposeState(state);
});

test('with images held out, those are measured on the way, and the test images once, also where it was stopped', async () => {
  const evaluations = (lines: readonly MetricLine[]) =>
    lines.flatMap(({ type, step, set, measures }) =>
      type === 'evaluation' ? [{ step, set, measures }] : [],
    );
  const unstopped = await started(Infinity, held);
  const expected = evaluations(unstopped.lines);
  expect(expected.map(({ step, set }) => `${String(set)} ${step}`)).toEqual([
    ...[1, 2, 3, 4, 5, 6].map((step) => `validation ${step}`),
    'test 6',
  ]);
  expect(unstopped.trained.measures).toEqual(expected.at(-1)!.measures);

  const { path, lines } = await started(3, held);
  expect(evaluations(lines)).toEqual(expected.slice(0, 3));
  // The last of the best, by what is held out alone.
  const values = expected.slice(0, -1).map((one) => (one.measures as { readonly top1: number }).top1);
  const step = 1 + values.lastIndexOf(Math.max(...values));
  expect(knownBest(unstopped.path)).toEqual({ step, value: Math.max(...values) });
  const saved = await continueSavedRun(path, installed);
  const { open, state } = await continuedRun(saved, backend, tell);
  await trainRun(open, saved.directory, state);
  expect(evaluations(saved.directory.metrics())).toEqual(expected);
  for (const name of ['best.safetensors', 'best.json']) {
    expect(isOwnName(name)).toBe(true);
    expect(readFileSync(join(path, name)).equals(readFileSync(join(unstopped.path, name)))).toBe(true);
  }
  const best = requireBest(saved);
  expect(best.state.step).toBe(step);
  disposeState(best.state);
  writeFileSync(join(path, 'best.json'), JSON.stringify({ step: step + 1, value: 1 }));
  expect(() => saved.best()).toThrow(expect.objectContaining({ code: 'bad-file' }));
  rmSync(join(path, 'best.json'));
  expect(() => requireBest(saved)).toThrow(expect.objectContaining({ code: 'not-found' }));
  // What is measured again, of what is held out, is what was logged.
  const params = open.training.weights(state.sections);
  const measures = await evaluate(
    open.task,
    { params, stats: state.sections.stats },
    open.validationBatches!(),
  );
  expect(measures).toEqual(expected.at(-2)!.measures);
  tf.dispose(params as tf.TensorContainerObject);
  saved.directory.close();
  disposeState(state);
});

test('where the images that are held out are the only ones to test on, they are called what they are', () => {
  const split = (fingerprint: string) => ({ name: 'photos', samples: 3, fingerprint });
  expect(testSet({ test: split('a'), validation: split('b') })).toBe('test');
  expect(testSet({ test: split('a') })).toBe('test');
  expect(testSet({ test: split('a'), validation: split('a') })).toBe('validation');
});

test('a run whose checkpoint is gone is not begun again', async () => {
  const { path } = await started(7);
  for (const name of ['checkpoint.safetensors', 'checkpoint.previous.safetensors'])
    rmSync(join(path, name), { force: true });
  const saved = await continueSavedRun(path, installed);
  await expect(continuedRun(saved, backend, tell)).rejects.toMatchObject({ code: 'not-found' });
  saved.directory.close();
});
