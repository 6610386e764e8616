// Checkpoints are files of anybody: each of these is refused in our words, and changes nothing else.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { decodeSafetensors, encodeSafetensors, type HostTensor, startBackend } from '@ma-net/core';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import { changed as recipeWith, installed } from '../test/recipe.ts';
import { trainedAt } from '../test/trained.ts';
import { openSavedRun, requireCheckpoint } from './saved-run.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const recipe = await recipeWith(
  'network.name=resnet-test',
  'data.trainLimit=64',
  'data.testLimit=40',
  'batchSize=16',
  'epochs=3',
  'method.mnet.hidden=8',
  'method.mnet.heads=2',
);
const path = join(mkdtempSync(join(tmpdir(), 'ma-net-untrusted-')), 'run');

beforeAll(async () => {
  const backend = await startBackend(cpu);
  await trainedAt(path, recipe, backend);
});

interface Parts {
  tensors: Record<string, HostTensor>;
  readonly metadata: Record<string, string>;
}

let copies = 0;
/** The run with another checkpoint, which is whole by its digests. */
function changed(change: (parts: Parts) => void): string {
  const copy = `${path}-${++copies}`;
  cpSync(path, copy, { recursive: true });
  rmSync(join(copy, 'checkpoint.previous.safetensors'));
  const file = join(copy, 'checkpoint.safetensors');
  const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
  const parts = { tensors: { ...tensors }, metadata: { ...metadata } };
  change(parts);
  writeFileSync(file, encodeSafetensors(parts.tensors, parts.metadata));
  return copy;
}

/** Tensors in their order, one of them under another name; a plain record cannot hold `__proto__`. */
function renamed(tensors: Record<string, HostTensor>, from: string, to: string): Record<string, HostTensor> {
  const record = Object.create(null) as Record<string, HostTensor>;
  for (const [name, tensor] of Object.entries(tensors)) record[name === from ? to : name] = tensor;
  return record;
}

const someOf = (section: string, { tensors }: Parts): string =>
  Object.keys(tensors).find((name) => name.startsWith(`${section}/`))!;

function counters(change: (counters: Record<string, unknown>) => void) {
  return ({ metadata }: Parts): void => {
    const value = JSON.parse(metadata['counters']!) as Record<string, unknown>;
    change(value);
    metadata['counters'] = JSON.stringify(value);
  };
}

test('what is written again without a change is taken', async () => {
  const saved = await openSavedRun(
    changed(() => undefined),
    installed,
  );
  const { state } = requireCheckpoint(saved);
  expect(state.step).toBe(12);
  disposeState(state);
});

test.each<readonly [string, (parts: Parts) => void]>([
  [
    'a section called __proto__',
    (p) => (p.tensors = renamed(p.tensors, someOf('params', p), '__proto__/dense')),
  ],
  [
    'a section called constructor',
    (p) => (p.tensors = renamed(p.tensors, someOf('params', p), 'constructor/prototype')),
  ],
  [
    'a tensor called __proto__',
    (p) => (p.tensors = renamed(p.tensors, someOf('params', p), 'params/__proto__')),
  ],
  ['a tensor in no section', (p) => (p.tensors = renamed(p.tensors, someOf('stats', p), 'nowhere'))],
  ['a missing weight', (p) => delete p.tensors[someOf('params', p)]],
  ['a missing mask', (p) => delete p.tensors[someOf('masks', p)]],
  ['a missing state of a cell', (p) => delete p.tensors[someOf('cells', p)]],
  ['a weight that is no number', (p) => p.tensors[someOf('params', p)]!.data.fill(Number.NaN)],
  ['a step far away', counters((c) => (c['step'] = 1e15))],
  ['a step that is none', counters((c) => (c['step'] = '12'))],
  ['a negative step', counters((c) => (c['step'] = -1))],
  ['a step that is not where the data are', counters((c) => (c['step'] = 11))],
  ['no counters', (p) => delete p.metadata['counters']],
  ['counters that are null', (p) => (p.metadata['counters'] = 'null')],
  ['another format', (p) => (p.metadata['ma-net.checkpoint'] = '99')],
])('refuses %s', async (_, change) => {
  const copy = changed(change);
  const saved = await openSavedRun(copy, installed);
  const before = tf.memory().numTensors;
  expect(() => requireCheckpoint(saved)).toThrow(expect.objectContaining({ name: 'MaNetError' }));
  expect(tf.memory().numTensors).toBe(before);
  const plain = {} as Record<string, unknown>;
  expect([plain['dense'], plain['prototype']]).toEqual([undefined, undefined]);
});

test.each<readonly [string, (state: Record<string, unknown>) => void]>([
  ['no state of a generator', (s) => (s['rng'] = null)],
  ['half a key', (s) => (s['rng'] = { key: [1], position: 0 })],
  ['other images', (s) => (s['fingerprint'] = 'x')],
])('a position in the data with %s is refused', async (_, change) => {
  const copy = changed(counters((c) => change(c['source'] as Record<string, unknown>)));
  const saved = await openSavedRun(copy, installed);
  const { state, source } = requireCheckpoint(saved);
  const { source: stream } = await saved.open();
  expect(() => stream.restore(source)).toThrow(expect.objectContaining({ name: 'MaNetError' }));
  disposeState(state);
});
