import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CHECKPOINT, checkpointsIn, setCheckpointAside, writeCheckpoint } from './checkpoint-files.ts';

const fresh = (): string => mkdtempSync(join(tmpdir(), 'ma-net-checkpoints-'));
const found = (folder: string): number[] => checkpointsIn(folder).map(({ bytes }) => bytes()[0]!);

test('keeps the last two, the newer first', async () => {
  const folder = fresh();
  expect(found(folder)).toEqual([]);
  await writeCheckpoint(folder, Uint8Array.of(1));
  expect(found(folder)).toEqual([1]);
  for (const n of [2, 3, 4]) await writeCheckpoint(folder, Uint8Array.of(n));
  expect(found(folder)).toEqual([4, 3]);
  expect(readdirSync(folder)).toHaveLength(2);
});

test('a damaged one that was set aside never takes the place of a whole one', async () => {
  const folder = fresh();
  for (const n of [1, 2]) await writeCheckpoint(folder, Uint8Array.of(n));
  writeFileSync(join(folder, CHECKPOINT), 'damaged');
  await setCheckpointAside(folder);
  expect(found(folder)).toEqual([1]);
  await writeCheckpoint(folder, Uint8Array.of(3));
  expect(found(folder)).toEqual([3, 1]);
  expect(readFileSync(join(folder, 'checkpoint.damaged.safetensors'), 'utf8')).toBe('damaged');
});
