import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type RunningBackend, startBackend } from '@ma-net/core';
import { disposeState } from '@ma-net/trainer';
import { beforeAll, expect, test } from 'vitest';
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

const recipe = await changed(
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

/** A new run that stops after `stopAt` mini-batches. */
async function started(stopAt: number) {
  const path = join(mkdtempSync(join(tmpdir(), 'ma-net-train-')), 'run');
  const open = await openRun(recipe, installed);
  const directory = await createRunDirectory(path, recipe, factsOf(open, backend));
  const state = open.start();
  const stop = new AbortController();
  const trained = await trainRun(open, directory, state, {
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
  const whole = await started(Infinity);
  expect(whole.trained).toMatchObject({ reason: 'budget', measures: { top1: expect.any(Number) as number } });
  const { path, trained } = await started(4);
  expect(trained.reason).toBe('interrupted');

  const saved = await continueSavedRun(path, installed);
  const { open, state } = await continuedRun(saved, backend, tell);
  expect(state.step).toBe(4);
  const { reason, measures } = await trainRun(open, saved.directory, state);
  expect(reason).toBe('budget');
  expect(measures).toEqual(whole.trained.measures);
  expect(losses(saved.directory.metrics())).toEqual(losses(whole.lines));
  expect(saved.directory.metrics().length).toBeGreaterThan(0);
  saved.directory.close();
  disposeState(state);
});

test('a run whose checkpoint is gone is not begun again', async () => {
  const { path } = await started(7);
  for (const name of ['checkpoint.safetensors', 'checkpoint.previous.safetensors'])
    rmSync(join(path, name), { force: true });
  const saved = await continueSavedRun(path, installed);
  await expect(continuedRun(saved, backend, tell)).rejects.toMatchObject({ code: 'not-found' });
  saved.directory.close();
});
