import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { chooseOpset, inOpset, irOf, opsetOf } from './opset.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const node = (opType: string, attributes: Record<string, object> = {}, input: string[] = ['x']) => ({
  opType,
  input,
  attribute: Object.entries(attributes).map(([name, value]) => ({ name, ...value })),
});

// The numbers are those of ONNX's own list of operators (docs/Changelog.md): the version that brought what is used.
test.each([
  [node('Conv'), 13],
  [node('ReduceMean', {}, ['x', 'axes']), 13],
  [node('ReduceSum', {}, ['x', 'axes']), 13],
  [node('ScatterND'), 13],
  [node('ScatterND', { reduction: { s: bytes('none') } }), 13],
  [node('ScatterElements', { reduction: { s: bytes('add') } }), 16],
  [node('ScatterND', { reduction: { s: bytes('max') } }), 18],
  [node('AveragePool', { dilations: { ints: [1n, 1n] } }), 13],
  [node('AveragePool', { dilations: { ints: [1n, 2n] } }), 19],
  [node('BitwiseAnd'), 18],
  [node('SomethingNew'), 19],
])('%o needs operator set %d', (one, opset) => expect(opsetOf(one)).toBe(opset));

test('every operator that a lowering makes is known', () => {
  const source = fileURLToPath(new URL('..', import.meta.url));
  const folders = ['kernels', 'lower', 'onnx', '.'].map((name) => join(source, name));
  const made = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .flatMap((text) => [
        ...text.matchAll(/\b(?:op|node|nodes|compare|logical|reduction|argument)\(\s*'([A-Z]\w+)'/g),
        ...text.matchAll(/opType: '(\w+)'/g),
      ])
      .map(([, name]) => name!),
  );
  expect(new Set(made).size).toBeGreaterThan(60);
  // What is unknown is taken for the newest; only this one is.
  const newest = [...new Set(made)].filter((name) => opsetOf(node(name)) === 19);
  expect(newest).toEqual([]);
});

describe('chooseOpset', () => {
  const model = [node('Conv'), node('ScatterElements', { reduction: { s: bytes('add') } })];

  test('takes the lowest that all nodes have, and never one that was not tried', () => {
    expect(chooseOpset([])).toBe(13);
    expect(chooseOpset([node('Relu')])).toBe(13);
    expect(chooseOpset(model)).toBe(16);
  });

  test('takes another that is asked for, and refuses one that lacks an operator, by its name', () => {
    expect(chooseOpset(model, 18)).toBe(18);
    expect(() => chooseOpset(model, 15)).toThrow(/ScatterElements needs operator set 16; 15 was asked for/);
    for (const wanted of [12, 22, 13.5]) expect(() => chooseOpset([], wanted)).toThrow(/13 to 21/);
  });
});

test('the version of the format is the one that came with the operator set', () => {
  // ONNX's docs/Versioning.md.
  const pairs = [13, 14, 15, 16, 17, 18, 19, 20, 21].map((opset) => [opset, irOf(opset)]);
  expect(pairs).toEqual([
    [13, 7],
    [14, 7],
    [15, 8],
    [16, 8],
    [17, 8],
    [18, 8],
    [19, 9],
    [20, 9],
    [21, 10],
  ]);
});

test('before 18 reductions carry their axes, but for ReduceSum', () => {
  const axes = (name: string): readonly bigint[] | undefined => (name === 'axes' ? [1n, 2n] : undefined);
  const mean = node('ReduceMean', { keepdims: { i: 1n } }, ['x', 'axes']);
  const rewritten = inOpset(mean, 17, axes);
  expect(rewritten.input).toEqual(['x']);
  expect(rewritten.attribute).toEqual([
    { name: 'keepdims', i: 1n },
    { name: 'axes', type: 7, ints: [1n, 2n] },
  ]);
  expect(inOpset(mean, 18, axes)).toBe(mean);
  const sum = node('ReduceSum', {}, ['x', 'axes']);
  expect(inOpset(sum, 13, axes)).toBe(sum);
  expect(() => inOpset(node('ReduceMax', {}, ['x', 'computed']), 17, axes)).toThrow(/operator set 17/);
});
