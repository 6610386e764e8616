// A layer of core is one file: packages/core/src/ops/<kind>.ts holds one op of that kind, what it does to shapes and
// what it computes; programs reach it by a method of its name, and nothing else tells kinds apart.

import { basename } from 'node:path';
import * as core from '@ma-net/core';
import { expect, test } from 'vitest';
import { files, read } from './repository.ts';

const folder = 'packages/core/src/ops/';
const sources = files.filter(
  (file) => file.startsWith(folder) && file.endsWith('.ts') && !/(\.test|\/index)\.ts$/.test(file),
);
const camel = (stem: string): string => stem.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

test.each(sources)('%s holds one op of its name', (file) => {
  const kind = camel(basename(file, '.ts'));
  expect(read(file).match(/^export const \w+: Op</gm)).toEqual([`export const ${kind}: Op<`]);
  const op = (core.ops as Readonly<Record<string, core.Op<never>>>)[kind];
  expect([op?.kind, typeof op?.describe, typeof op?.execute]).toEqual([kind, 'function', 'function']);
});

test('every op has a method on Net, and every method applies an op', () => {
  const applied: string[] = [];
  const net = core.netOf<number>({ apply: ({ kind }) => applied.push(kind), shape: () => [1] });
  const methods = Object.entries(net).filter(([name]) => name !== 'apply' && name !== 'shape');
  for (const [, method] of methods) (method as (...any: unknown[]) => number)('', [0], 0, 0, 0);
  expect(methods.map(([name]) => name)).toEqual(applied);
  expect(Object.keys(core.ops).sort()).toEqual([...applied].sort());
});

test('interpreters know no layer by its name', () => {
  const importing = files.filter(
    (file) =>
      /^packages\/core\/src\/[\w-]+\.ts$/.test(file) &&
      !file.endsWith('.test.ts') &&
      /^(import|export) (?!type).*'\.\/ops\//m.test(read(file)),
  );
  expect(importing).toEqual(['packages/core/src/index.ts', 'packages/core/src/program.ts']);
});
