// Runs that were trained: what their checkpoints tell, against the checkpoint file itself.

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { type AnyPart, decodeSafetensors, type Installed, startBackend } from '@ma-net/core';
import { override, parseRecipe } from '@ma-net/run';
import { openedRun, trainRun } from '@ma-net/run/node';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { writeRun } from '../test/run-files.ts';
import { inspectRun } from './inspect-run.ts';
import { readRuns } from './report.ts';
import type { RunRecord } from './record.ts';

const modules: Readonly<Record<string, () => Promise<{ readonly parts: readonly AnyPart[] }>>> = {
  '@ma-net/tnet': () => import('@ma-net/tnet/parts'),
  '@ma-net/data': () => import('@ma-net/data/parts'),
  '@ma-net/task-classification': () => import('@ma-net/task-classification/parts'),
  '@ma-net/method-ma-net': () => import('@ma-net/method-ma-net/parts'),
};
const installed: Installed = { packages: Object.keys(modules), load: (name) => modules[name]!() };
const tell = (words: string): never => {
  throw new Error(words);
};

const folder = mkdtempSync(join(tmpdir(), 'ma-net-report-'));
const path = join(folder, 'ma-net-s0');

beforeAll(async () => {
  const backend = await startBackend(cpu);
  const plain = {
    format: 2,
    name: 'digits',
    about: 'a recipe of the tests',
    seed: 0,
    network: { use: '@ma-net/tnet#zoo', name: 'resnet-test' },
    data: { use: '@ma-net/data#digits', trainLimit: 64, testLimit: 20 },
    task: { use: '@ma-net/task-classification#classification' },
    method: {
      use: '@ma-net/method-ma-net#ma-net',
      prune: { mode: 'target', removeModulated: 0.5 },
      mnet: { hidden: 4, heads: 1, cells: 1 },
    },
    batchSize: 16,
    epochs: 6,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 },
    schedule: { name: 'cosine', warmup: 0 },
    evaluateEvery: 3,
  };
  const recipe = await override(await parseRecipe(plain, 'test', installed), [], installed);
  const { open, directory, state } = await openedRun({ path, recipe }, { installed, backend, tell });
  await trainRun(open, directory, state);
  directory.close();
  disposeState(state);
  await open.source.close();
}, 60_000);

test('inspectRun finds in a checkpoint what its masks and gates say', async () => {
  const before = tf.memory().numTensors;
  const inside = await inspectRun(path, { installed, time: false, tell });
  expect(tf.memory().numTensors).toBe(before);
  const { tensors } = decodeSafetensors(readFileSync(join(path, 'checkpoint.safetensors')), path);
  const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
  const masks = Object.entries(tensors).filter(([name]) => name.startsWith('masks/'));
  expect(masks.length).toBeGreaterThan(3);
  for (const [name, { data }] of masks) {
    const layer = name.slice('masks/'.length);
    const found = inside.layers.find((one) => one.layer === layer)!;
    expect(found.connections).toEqual({ kept: sum(data), of: data.length });
    expect(inside.gates!.find((one) => one.layer === layer)!.gates).toEqual(tensors[`gates/${layer}`]!.data);
  }
  const kept = inside.layers.reduce((all, { connections }) => all + connections.kept, 0);
  expect(kept).toBeLessThan(inside.layers.reduce((all, { connections }) => all + connections.of, 0));
  expect(inside).toMatchObject({ headline: 'top1', proportion: true });
  expect(inside.milliseconds).toBeUndefined();
  const area: Record<string, number> = {};
  for (const [name, { shape }] of Object.entries(tensors)) {
    if (!name.startsWith('params/')) continue;
    area[name.slice('params/'.length)] = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  }
  const dead = masks.reduce(
    (all, [name, { data }]) => all + (data.length - sum(data)) * area[name.slice('masks/'.length)]!,
    0,
  );
  expect(inside.alive).toBe(1382 - dead);
  // What its units are multiplied by is what is left of parameters: fewer than the network had.
  expect(inside.parameters).toBeLessThanOrEqual(1382);
});

test('readRuns reads runs of folders, with what each layer kept by round', async () => {
  mkdirSync(join(folder, 'no-run'));
  writeRun({}, folder, 'other');
  const runs = await readRuns([folder, path], { installed, time: true, tell });
  expect(runs.map((run: RunRecord) => run.path)).toEqual([path, join(folder, 'other')]);
  const [trained, other] = runs as [RunRecord, RunRecord];
  expect(trained.notes).toEqual([]);
  expect(trained.inside!.milliseconds).toBeGreaterThan(0);
  const last = trained.rounds!.decisions.at(-1)!;
  expect(last.kept).toEqual(trained.inside!.layers.map(({ connections }) => connections.kept));
  expect(trained.kept.at(-1)!.value).toBeCloseTo(
    last.kept.reduce((a, b) => a + b) / trained.rounds!.layers.reduce((all, { of }) => all + of, 0),
    10,
  );
  // Its recipe is none: what the checkpoint would tell is missing, and that is said.
  expect(other.inside).toBeUndefined();
  expect(other.notes).toEqual([expect.stringContaining('its checkpoint is not shown')]);
});

test('readRuns refuses a folder without runs', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'ma-net-report-'));
  writeFileSync(join(empty, 'a'), '');
  await expect(readRuns([empty])).rejects.toMatchObject({ code: 'not-found' });
  await expect(readRuns([join(empty, 'a', 'b')])).rejects.toMatchObject({ code: 'not-found' });
});
