// That what is lost would be noticed.

import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors } from '@ma-net/core';
import { expect, test } from 'vitest';
import { inspect, inspectEnd, isRun } from './inspect.ts';

const folder = mkdtempSync(join(tmpdir(), 'ma-net-inspect-'));

function made(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const file of ['recipe.json', 'run.json']) writeFileSync(join(path, file), '{}');
  const x = { shape: [4], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4) } as const;
  writeFileSync(join(path, 'checkpoint.safetensors'), encodeSafetensors({ x }, { counters: '{"step":2}' }));
  for (const step of [1, 2, 3])
    appendFileSync(
      join(path, 'metrics.jsonl'),
      `{"type":"step","step":${step},"seconds":${Math.PI * step}}\n`,
    );
  return path;
}

const whole = made('whole');

test('finds nothing wrong with what is whole, whenever it was written', () => {
  const path = made('same');
  expect(isRun(path)).toBe(true);
  appendFileSync(join(path, 'metrics.jsonl'), '{"type":"st');
  expect(inspect(path, whole, 2)).toBe(2);
  inspectEnd(path, whole);
});

test.each<readonly [string, (path: string) => void, RegExp]>([
  [
    'a checkpoint that is gone',
    (path) => rmSync(join(path, 'checkpoint.safetensors')),
    /was saved, 0 is left/,
  ],
  ['a checkpoint cut short', (path) => truncateSync(join(path, 'checkpoint.safetensors'), 300), /checkpoint/],
  [
    'a flipped bit',
    (path) => {
      const file = join(path, 'checkpoint.safetensors');
      const bytes = readFileSync(file);
      bytes[bytes.length - 3]! ^= 1;
      writeFileSync(file, bytes);
    },
    /not as written/,
  ],
  ['half a recipe', (path) => writeFileSync(join(path, 'recipe.json'), '{"a"'), /JSON/],
  [
    'a step that was logged twice',
    (path) => appendFileSync(join(path, 'metrics.jsonl'), '{"type":"step","step":3}\n'),
    /line 4/,
  ],
  [
    'lines that are lost',
    (path) => writeFileSync(join(path, 'metrics.jsonl'), '{"type":"step","step":1}\n'),
    /1 in the metrics/,
  ],
])('notices %s', (name, harm, said) => {
  const path = made(name);
  harm(path);
  expect(() => inspect(path, whole, 2)).toThrow(said);
});

test('notices what is left at the end', () => {
  const path = made('left');
  writeFileSync(join(path, 'writer-0123456789abcdef.lock'), '');
  expect(() => inspectEnd(path, whole)).toThrow(/left in the run: writer/);
});

test('notices what a search found otherwise, or did not find', () => {
  const [path, other] = [made('found'), made('found otherwise')];
  expect(() => inspectEnd(path, other)).not.toThrow();
  writeFileSync(join(other, 'found.json'), '{"network":1}');
  expect(() => inspectEnd(path, other)).toThrow(/another network/);
  writeFileSync(join(path, 'found.json'), '{"network":2}');
  expect(() => inspectEnd(path, other)).toThrow(/another network/);
});
