import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMetrics, rewindMetrics } from './metrics-file.ts';

const line = (step: number, type = 'step'): string => `{"type":"${type}","step":${step},"loss":1}\n`;
const DAMAGED = [
  '{"type":"st\n',
  'null\n',
  '[]\n',
  '{"type":"step","step":-1}\n',
  '{"type":"step","step":1e400}\n',
  '{"type":1,"step":1}\n',
  '\xff\xfe\n',
];

function written(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'ma-net-metrics-')), 'metrics.jsonl');
  writeFileSync(path, text, 'latin1');
  return path;
}

test('passes damaged lines over, wherever they are, and counts them', () => {
  const path = written(`${DAMAGED.join('')}${line(1)}${DAMAGED.join('')}${line(2)}{"type":"st`);
  const { lines, damaged } = readMetrics(path);
  expect(lines.map(({ step }) => step)).toEqual([1, 2]);
  expect(damaged).toBe(2 * DAMAGED.length);
});

test('damaged lines stay on disk, byte for byte, when a run is rewound', async () => {
  const path = written(`${line(1)}${DAMAGED.join('')}${line(2)}${line(3)}${DAMAGED[0]}{"type":"st`);
  await rewindMetrics(path, 2);
  expect(readFileSync(path, 'latin1')).toBe(`${line(1)}${DAMAGED.join('')}${line(2)}${DAMAGED[0]}`);
});

test('a file with nothing to forget is not written again', async () => {
  const path = written(line(1) + line(2));
  const before = statSync(path).ino;
  await rewindMetrics(path, 2);
  expect(statSync(path).ino).toBe(before);
});

test('a line cannot change what objects are', () => {
  const path = written('{"type":"step","step":1,"__proto__":{"polluted":true}}\n');
  expect(readMetrics(path).lines).toHaveLength(1);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});
