import type { Optimization, ParameterGroup } from '@ma-net/core';
import { expect, test } from 'vitest';
import { type Named, scalesOf } from './groups.ts';

const parameters: readonly Named[] = [
  { name: 'conv1.weight', kind: 'conv' },
  { name: 'bn1.weight', kind: 'vector' },
  { name: 'bn1.bias', kind: 'vector' },
  { name: 'pos', kind: 'embedding' },
  { name: 'fc.weight', kind: 'dense' },
  { name: 'fc.bias', kind: 'vector' },
];
const scales = (groups: readonly ParameterGroup[], decay?: Optimization['decay']) => {
  const optimizer = { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 } as const;
  const options = { optimizer, learningRate: 0.1, schedule: { name: 'constant' }, groups } as const;
  return Object.fromEntries(scalesOf(parameters, decay === undefined ? options : { ...options, decay }));
};

test('without groups every parameter is trained alike', () => {
  expect(scales([])).toEqual({});
  expect(scales([], 'all')).toEqual({});
});

test('decay of kernels alone spares biases, norms and position tables', () => {
  const spared = { rate: 1, decay: 0, frozen: false };
  expect(scales([], 'kernels')).toEqual({
    'bn1.weight': spared,
    'bn1.bias': spared,
    pos: spared,
    'fc.bias': spared,
  });
});

test('a parameter belongs to the first group that fits it, by name or kind', () => {
  expect(
    scales([
      { match: 'fc.*', rate: 10 },
      { match: 'bn1.weight', frozen: true },
      { kind: 'vector', decay: 0.5 },
    ]),
  ).toEqual({
    'fc.weight': { rate: 10, decay: 1, frozen: false },
    'fc.bias': { rate: 10, decay: 1, frozen: false },
    'bn1.weight': { rate: 1, decay: 1, frozen: true },
    'bn1.bias': { rate: 1, decay: 0.5, frozen: false },
  });
  // A dot is a dot, and a pattern fits whole names.
  expect(() => scales([{ match: 'bn1xweight' }])).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  expect(() => scales([{ match: 'weight' }])).toThrow(expect.objectContaining({ code: 'bad-argument' }));
});

test.each([
  [{ match: 'layer9.*' }, /layer9.*conv1\.weight/s],
  [{ match: '*', rate: -1 }, /rate is -1/],
  [{ match: '*', decay: Number.POSITIVE_INFINITY }, /decay is Infinity/],
] as const)('refuses %j', (group, message) => {
  expect(() => scales([group])).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) }),
  );
});
