// Stopped at any moment, by whatever means, a run goes on to the same numbers.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Rng } from '@ma-net/core';
import { beforeAll, expect, test, vi } from 'vitest';
import { manet, newFolder, startManet, TINY } from '../test/manet.ts';

// Each starts a process or several, and machines may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = newFolder();
const ARGS = ['train', ...TINY, '--set', 'saveEvery=3'];

beforeAll(async () => {
  expect(await manet([...ARGS, '--out', 'whole'], folder)).toMatchObject({ code: 0 });
});

/** Every line of the metrics, but for how long a mini-batch took. */
function metrics(run: string): unknown[] {
  const lines = readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => ({ ...(JSON.parse(line) as object), seconds: undefined }));
}

function expectTheSame(run: string): void {
  const checkpoint = (name: string): Buffer => readFileSync(join(folder, name, 'checkpoint.safetensors'));
  expect(metrics(run)).toEqual(metrics('whole'));
  expect(checkpoint(run).equals(checkpoint('whole'))).toBe(true);
}

/** Mini-batches in the metrics of a run; 0 before there are any. */
function stepsLogged(run: string): number {
  const path = join(folder, run, 'metrics.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').split('"type":"step"').length - 1 : 0;
}

test('a run that is killed again and again ends like one that was not', async () => {
  const rng = Rng.fromSeed(5);
  let started = startManet([...ARGS, '--out', 'killed'], folder);
  for (let kills = 0; ; kills++) {
    // Somewhere in the next 14 mini-batches, between any two lines of code; a checkpoint is every third.
    await started.printed('images/s');
    const last = stepsLogged('killed') + rng.integer(15);
    while (stepsLogged('killed') < last && started.process.exitCode === null) await setTimeout(5);
    await setTimeout(40 * rng.uniform());
    started.process.kill('SIGKILL');
    const { code } = await started.finished;
    if (code === 0) {
      expect(kills).toBeGreaterThanOrEqual(3);
      break;
    }
    started = startManet(['train', '--resume', 'killed'], folder);
  }
  expectTheSame('killed');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s stops after a mini-batch, saves, says how to go on and exits with 130',
  async (signal) => {
    const run = `stopped-${signal}`;
    const started = startManet([...ARGS, '--out', run], folder);
    await started.printed('1/6');
    started.process.kill(signal);
    const { code, stdout, stderr } = await started.finished;
    expect(stderr).toBe('');
    expect(code).toBe(130);
    expect(stdout).toMatch(/Stopped after mini-batch \d+ of 48; everything is saved/);
    expect(stdout).toContain(`train --resume ${run}`);
    expect(await manet(['train', '--resume', run], folder)).toMatchObject({ code: 0 });
    expectTheSame(run);
  },
);

test('resuming a finished run changes nothing', async () => {
  const { code, stdout } = await manet(['train', '--resume', 'stopped-SIGINT'], folder);
  expect(code).toBe(0);
  expect(stdout).toContain('continuing after mini-batch 48 of 48');
  expectTheSame('stopped-SIGINT');
});
