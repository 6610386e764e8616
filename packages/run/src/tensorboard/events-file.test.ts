// What a run writes for TensorBoard, read again record by record. tools/parity/tensorboard_reader.py does the same with
// TensorBoard's own reader.

import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { TrainingEvent } from '@ma-net/trainer';
import { expect, test } from 'vitest';
import { hasTensorboard, TENSORBOARD, tensorboardListener } from './events-file.ts';

const kernels = [
  { param: 'a', preNeurons: 2, postNeurons: 5 },
  { param: 'b', preNeurons: 1, postNeurons: 4 },
];
const round = { index: 0, kind: 'plain', start: 0, length: 9 };
const step = (n: number): TrainingEvent => ({
  type: 'step',
  step: n,
  round,
  loss: 1 / n,
  terms: { top1: 0.5 },
  norms: { params: 2 },
  learningRate: 0.25,
  seconds: 4,
});

/** Whole events of a file: step, scalars, and where a session starts. */
function eventsOf(path: string): (readonly [number, string, number])[] {
  const bytes = readFileSync(path);
  const found: (readonly [number, string, number])[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const reader = new BinaryReader(bytes.subarray(at + 12, at + 12 + length));
    let now = 0;
    while (reader.pos < reader.len) {
      const [field, kind] = reader.tag();
      if (field === 2) now = Number(reader.int64());
      else if (field === 5) {
        const end = reader.uint32() + reader.pos;
        while (reader.pos < end) {
          reader.tag();
          reader.uint32();
          reader.tag();
          const tag = reader.string();
          reader.tag();
          found.push([now, tag, reader.float()]);
        }
      } else if (field === 7) {
        reader.skip(kind);
        found.push([now, 'starts', 1]);
      } else reader.skip(kind);
    }
    at += length + 16;
  }
  return found;
}

test('writes what is logged, a file for each session, and never a file again', async () => {
  const run = mkdtempSync(join(tmpdir(), 'ma-net-board-'));
  expect(hasTensorboard(run)).toBe(false);
  const first = await tensorboardListener(run, 0, kernels);
  expect(hasTensorboard(run)).toBe(true);
  for (const event of [step(1), step(2)]) first(event);
  const folder = join(run, TENSORBOARD);
  const [name] = readdirSync(folder) as [string];
  const before = readFileSync(join(folder, name));

  const second = await tensorboardListener(run, 1, kernels);
  second({ type: 'round', step: 2, round });
  second({
    type: 'masks',
    step: 2,
    kept: 7,
    connections: 14,
    died: 7,
    revived: 0,
    removedParams: 7,
    keptByKernel: [5, 2],
  });
  second({ type: 'evaluation', step: 2, set: 'test', measures: { top1: 0.75 } });
  second({ type: 'end', step: 2, reason: 'budget' });
  const names = readdirSync(folder).sort();
  expect(names).toHaveLength(2);
  expect(names[0]).toBe(name);
  expect(readFileSync(join(folder, name))).toEqual(before);

  const of = (n: number) => [
    [n, 'train/loss', 1 / n],
    [n, 'train/top1', 0.5],
    [n, 'gradient/params', 2],
    [n, 'optimizer/learning_rate', 0.25],
    [n, 'time/seconds', 4],
  ];
  expect(eventsOf(join(folder, name))).toEqual([[1, 'starts', 1], ...of(1), ...of(2)]);
  expect(eventsOf(join(folder, names[1]!))).toEqual([
    [2, 'starts', 1],
    [2, 'connections/kept', 0.5],
    [2, 'connections/died', 7],
    [2, 'connections/revived', 0],
    [2, 'kept/a', 0.5],
    [2, 'kept/b', 0.5],
    [2, 'test/top1', 0.75],
  ]);
});

test('knows layers no better than it was told', async () => {
  const run = mkdtempSync(join(tmpdir(), 'ma-net-board-'));
  const listener = await tensorboardListener(run, 0, []);
  listener({
    type: 'masks',
    step: 1,
    kept: 1,
    connections: 2,
    died: 1,
    revived: 0,
    removedParams: 1,
    keptByKernel: [1],
  });
  const [name] = readdirSync(join(run, TENSORBOARD)) as [string];
  const tags = eventsOf(join(run, TENSORBOARD, name)).map(([, tag]) => tag);
  expect(tags).toEqual(['starts', 'connections/kept', 'connections/died', 'connections/revived']);
});
