import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import type { Kernel } from './kernel.ts';
import { BUFFERS, plan } from './plan.ts';
import type { Leaf, Mapped, Operand, Pending, Programmed, Reduced, Value } from './value.ts';

const LARGE = 1 << 20;
const leaf = (size = LARGE): Leaf => ({ kind: 'leaf', dataId: {}, size, dtype: 'float32' });
const operand = (value: Value): Operand => ({ value, access: undefined });
const map = (...of: Value[]): Mapped => ({
  kind: 'map',
  dataId: {},
  size: Math.max(...of.map(({ size }) => size)),
  dtype: 'float32',
  name: 'sum',
  operands: of.map(operand),
  code: (parts) => parts.join(' + '),
  numbers: [],
});
const reduce = (input: Value, length = input.size): Reduced => ({
  kind: 'reduce',
  dataId: {},
  size: input.size / length,
  dtype: 'float32',
  how: 'sum',
  input,
  length,
  kept: undefined,
  over: undefined,
  scale: 1,
});
const program = (...inputs: Value[]): Programmed => ({
  kind: 'program',
  dataId: {},
  size: LARGE,
  dtype: 'float32',
  inputs,
  run() {},
});

const planned = (pending: readonly Pending[], ...roots: Value[]): Kernel[] =>
  plan(pending, (value) => roots.includes(value));

const storedBy = (kernels: readonly Kernel[]): Value[] =>
  kernels.flatMap(({ outputs }): readonly Value[] => outputs);

test('a chain is one program, and what nobody wants is none', () => {
  const x = leaf();
  const [a, b] = [map(x), map(x, leaf())];
  const c = map(a, b);
  const unwanted = map(c);
  const kernels = planned([a, b, c, unwanted], c);
  expect(kernels.map(({ outputs }) => outputs)).toEqual([[c]]);
});

test('what a program of tfjs reads is stored, and in order', () => {
  const a = map(leaf());
  const b = program(a);
  const c = map(b);
  expect(planned([a, b, c], c).map(({ outputs }) => outputs)).toEqual([[a], [b], [c]]);
});

test('results of the same numbers are of one program, also where one is computed of the other', () => {
  const [w, g, m] = [leaf(), leaf(), leaf()];
  const momentum = map(m, g);
  const next = map(w, momentum);
  const [kernel, ...others] = planned([momentum, next], momentum, next);
  expect(others).toEqual([]);
  expect(kernel!.outputs).toEqual([momentum, next]);
  expect([...kernel!.inputs]).toEqual([m, g, w]);
});

test('sums of the same numbers are of one program; one that needs the other is not', () => {
  const x = leaf();
  const [sum, squares] = [reduce(x), reduce(map(x, x))];
  expect(planned([sum, squares], sum, squares)).toHaveLength(1);
  const centred = map(x, sum);
  const spread = reduce(centred);
  expect(planned([sum, centred, spread], sum, spread)).toHaveLength(2);
});

test('what several programs would compute of much is stored', () => {
  const sum = map(leaf(), leaf(), leaf());
  const readers = [1, 2, 3].map(() => program(map(sum)));
  const pending = [sum, ...readers.flatMap((reader) => [reader.inputs[0] as Mapped, reader])];
  const kernels = planned(pending, ...readers);
  expect(storedBy(kernels)).toContain(sum);
  const once = planned([sum, readers[0]!.inputs[0] as Mapped, readers[0]!], readers[0]!);
  expect(storedBy(once)).not.toContain(sum);
});

test('no program binds more than every device has room for, and every source is there before it is read', () => {
  const rng = Rng.fromSeed(5);
  for (let round = 0; round < 100; round++) {
    const values: Value[] = Array.from({ length: 12 }, () => leaf(rng.integer(2) === 0 ? 64 : LARGE));
    const pending: Pending[] = [];
    for (let i = 0; i < 60; i++) {
      const some = Array.from({ length: 1 + rng.integer(3) }, () => values[rng.integer(values.length)]!);
      const large = some.filter(({ size }) => size === LARGE);
      const made =
        rng.integer(8) === 0
          ? program(...some)
          : rng.integer(6) === 0 && large.length > 0
            ? reduce(map(...large), LARGE / 64)
            : map(...some);
      if (made.kind === 'reduce') pending.push(made.input as Mapped);
      pending.push(made);
      values.push(made);
    }
    const roots = pending.filter(() => rng.integer(6) === 0);
    const kernels = planned(pending, ...roots);
    const made = new Set<Value>();
    for (const { kind, inputs, outputs } of kernels) {
      if (kind !== 'program') expect([...inputs].length + outputs.length).toBeLessThanOrEqual(BUFFERS);
      for (const input of inputs) expect(input.kind === 'leaf' || made.has(input)).toBe(true);
      for (const output of outputs) made.add(output);
    }
    for (const root of roots) expect(made.has(root)).toBe(true);
  }
});
