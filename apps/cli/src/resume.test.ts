// Stopped at any moment, by whatever means, a run goes on to the same numbers.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Rng } from '@ma-net/core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { manet, newFolder, type Running, startManet, TINY } from '../test/manet.ts';

// Each starts a process or several, and machines may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = newFolder();
const ARGS = ['train', ...TINY, '--set', 'saveEvery=3'];

beforeAll(async () => {
  expect(await manet([...ARGS, '--out', 'whole'], folder)).toMatchObject({ code: 0 });
});

interface Line {
  readonly type: string;
  readonly step: number;
}

/** Every line of the metrics, but for how long a mini-batch took. */
function metrics(run: string): unknown[] {
  const lines = readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => ({ ...(JSON.parse(line) as object), seconds: undefined }));
}

function expectTheSame(run: string, as = 'whole'): void {
  const checkpoint = (name: string): Buffer => readFileSync(join(folder, name, 'checkpoint.safetensors'));
  expect(metrics(run)).toEqual(metrics(as));
  expect(checkpoint(run).equals(checkpoint(as))).toBe(true);
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

describe('one writer a run', () => {
  const begun = async (run: string): Promise<Running> => {
    const started = startManet([...ARGS, '--set', 'epochs=60', '--out', run], folder);
    await started.printed('1/60');
    return started;
  };
  const wait = 'wait until it has ended, or stop it';

  test('who resumes while it trains is told who writes, and disturbs nothing; readers read', async () => {
    const started = await begun('busy');
    const second = await manet(['train', '--resume', 'busy'], folder);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toMatch(/^error \[locked\]: This run is being written by process \d+ on /);
    expect(second.stderr).toContain(`process ${started.process.pid} `);
    expect(second.stderr).toContain(wait);
    const reading = [
      ['eval', 'busy'],
      ['prune', 'busy', '--dry-run'],
      ['export', 'busy', '--out', 'busy.safetensors'],
    ];
    for (const args of reading) {
      const { code, stderr } = await manet([...args, '--backend', 'cpu'], folder);
      // Nothing may be dead yet: then there is nothing to prune, which is no failure to read.
      expect(stderr).toMatch(/^$|prune-refused/);
      expect(code).toBe(stderr === '' ? 0 : 1);
    }
    started.process.kill('SIGTERM');
    expect(await started.finished).toMatchObject({ code: 130, stderr: '' });
    expect(readdirSync(join(folder, 'busy')).filter((name) => /lock|tmp/.test(name))).toEqual([]);
    const steps = metrics('busy').flatMap((line) =>
      (line as Line).type === 'step' ? [(line as Line).step] : [],
    );
    expect(steps).toEqual(steps.map((_, i) => i + 1));
  });

  test("of two that resume at once one goes on, and what a killed one left is in nobody's way", async () => {
    const started = startManet([...ARGS, '--out', 'twice'], folder);
    await started.printed('1/6');
    started.process.kill('SIGKILL');
    await started.finished;
    expect(readdirSync(join(folder, 'twice')).filter((name) => name.endsWith('.lock'))).toHaveLength(1);
    const both = await Promise.all([1, 2].map(() => manet(['train', '--resume', 'twice'], folder)));
    expect(both.map(({ code }) => code).toSorted()).toEqual([0, 1]);
    expect(both.find(({ code }) => code === 1)!.stderr).toContain(wait);
    expectTheSame('twice');
  });
});

test('a checkpoint that is gone is told, and a run that has none yet says where it starts', async () => {
  const copy = join(folder, 'lost');
  cpSync(join(folder, 'whole'), copy, { recursive: true });
  rmSync(join(copy, 'checkpoint.safetensors'));
  // The one before is still there.
  const { code, stdout } = await manet(['train', '--resume', 'lost'], folder);
  expect(stdout).toContain('continuing after mini-batch 45 of 48');
  expect(code).toBe(0);
  expectTheSame('lost');

  for (const name of readdirSync(copy)) if (name.startsWith('checkpoint')) rmSync(join(copy, name));
  const gone = await manet(['train', '--resume', 'lost'], folder);
  expect(gone).toMatchObject({ code: 1, stdout: '' });
  expect(gone.stderr).toMatch(/error \[not-found\]: The checkpoint of the run is gone: 48 mini-batches/);

  rmSync(join(copy, 'metrics.jsonl'));
  const again = await manet(['train', '--resume', 'lost'], folder);
  expect(again.stdout).toContain('stopped before its first checkpoint: starting at the first mini-batch');
  expectTheSame('lost');
});

test('a damaged checkpoint falls back to the one before, and ends like a run that was never damaged', async () => {
  const copy = join(folder, 'damaged');
  cpSync(join(folder, 'whole'), copy, { recursive: true });
  truncateSync(join(copy, 'checkpoint.safetensors'), 9999);
  const { code, stdout, stderr } = await manet(['train', '--resume', 'damaged'], folder);
  expect(stderr).toMatch(/checkpoint\.safetensors[^]*The checkpoint before it is whole: mini-batch 45\./);
  expect(stdout).toContain('continuing after mini-batch 45 of 48');
  expect(code).toBe(0);
  expectTheSame('damaged');
  expect(statSync(join(copy, 'checkpoint.damaged.safetensors')).size).toBe(9999);
});

// Sums are taken in the order in which threads share them, so digits follow the number of threads.
test.skipIf(spawnSync('taskset', ['-c', '0', 'true']).status !== 0)(
  'on onnx a run goes on to the same numbers on a machine with fewer processors',
  async () => {
    const args = ['train', ...TINY, '--set', 'saveEvery=3', '--backend', 'onnx', '--threads', '2'];
    expect(await manet([...args, '--out', 'threads'], folder)).toMatchObject({ code: 0 });
    const started = startManet([...args, '--out', 'fewer'], folder);
    await started.printed('1/6');
    started.process.kill('SIGINT');
    expect(await started.finished).toMatchObject({ code: 130 });
    const bin = fileURLToPath(new URL('../bin/manet.js', import.meta.url));
    const resumed = ['-c', '0', process.execPath, bin, 'train', '--resume', 'fewer'];
    const { status, stdout } = spawnSync('taskset', resumed, { cwd: folder, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).not.toContain('last digits');
    expectTheSame('fewer', 'threads');
    // Told to take another number, it says what that means.
    const told = await manet(['train', '--resume', 'fewer', '--threads', '1'], folder);
    expect(told.stdout).toContain('last digits may differ from here on: threads 2, now 1');
  },
);
