// A student is a run like any other: one that was stopped goes on as one that was not, with its teacher read again.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type RunningBackend, startBackend } from '@ma-net/core';
import { disposeState, encodeCheckpoint } from '@ma-net/trainer';
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

const folder = mkdtempSync(join(tmpdir(), 'ma-net-taught-'));
const recipe = (name: string, seed: number, ...options: readonly string[]) =>
  changed(
    `network.name=${name}`,
    'method=@ma-net/baselines#cds',
    'data.trainLimit=24',
    'data.testLimit=8',
    'batchSize=6',
    'epochs=1',
    `seed=${seed}`,
    ...options,
  );

/** A run, stopped after `stopAt` mini-batches and resumed where that is given. Returns its last checkpoint, and its lines. */
async function trained(name: string, asked: Awaited<ReturnType<typeof recipe>>, stopAt?: number) {
  const path = join(folder, name);
  const stop = new AbortController();
  let open = await openRun(asked, installed);
  let directory = await createRunDirectory(path, asked, factsOf(open, backend));
  let state = open.start();
  const listen = ({ type, step }: { type: string; step: number }): void => {
    if (type === 'step' && step === stopAt) stop.abort();
  };
  await trainRun(open, directory, state, { signal: stop.signal, listen });
  if (stopAt !== undefined) {
    disposeState(state);
    directory.close();
    await open.source.close();
    const saved = await continueSavedRun(path, installed);
    ({ directory } = saved);
    ({ open, state } = await continuedRun(saved, backend, (words) => expect(words).toBe('')));
    expect(state.step).toBe(stopAt);
    await trainRun(open, directory, state);
  }
  const checkpoint = await encodeCheckpoint(state, open.source, open.network);
  const steps = directory.metrics().flatMap((line) => (line.type === 'step' ? [line['terms']] : []));
  disposeState(state);
  directory.close();
  return { checkpoint, steps };
}

test('a student with a wider teacher ends the same, to the last bit, whether it was stopped or not', async () => {
  await trained('teacher', await recipe('resnet-bottleneck-test', 1));
  const student = await recipe(
    'resnet-test',
    2,
    'method.teacher.name=resnet-bottleneck-test',
    `method.teacher.checkpoint=${join(folder, 'teacher', 'checkpoint.safetensors')}`,
  );
  const [whole, stopped] = [await trained('whole', student), await trained('stopped', student, 2)];
  expect(Buffer.compare(stopped.checkpoint, whole.checkpoint)).toBe(0);
  expect(whole.steps).toHaveLength(4);
  for (const terms of whole.steps) {
    const { teacher, distance } = terms as Readonly<Record<string, number>>;
    expect(teacher).toBeGreaterThan(0);
    expect(distance).toBeGreaterThan(0);
  }
});
