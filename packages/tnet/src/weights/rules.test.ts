import type { HostTensor } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { type Format, toOurs, toTheirs } from './rules.ts';

const tensor = (shape: number[], ...data: number[]): HostTensor => ({
  shape,
  dtype: 'float32',
  data: Float32Array.from(data),
});

const format: Format = {
  renamed: [
    ['blocks.*.first.**', 'layer*/a/**'],
    ['head.**', 'classifier.**'],
  ],
  fused: [[['blocks.*.q', 'blocks.*.k'], 'layer*/qk']],
  ignored: ['.counter'],
};

describe('names', () => {
  test('one star keeps a part, two keep the rest, and other names pass', () => {
    const ours = {
      'blocks.12.first.norm.weight': tensor([1], 1),
      'head.bias': tensor([1], 2),
      odd: tensor([1], 3),
    };
    const theirs = toTheirs(format, ours);
    expect(Object.keys(theirs)).toEqual(['layer12/a/norm.weight', 'classifier.bias', 'odd']);
    expect(toOurs(format, theirs)).toEqual(ours);
  });

  test('dots in a pattern are dots', () => {
    expect(Object.keys(toTheirs(format, { headXbias: tensor([1], 1) }))).toEqual(['headXbias']);
  });

  test('what is no weight is left out', () => {
    expect(toOurs(format, { 'bn.counter': tensor([], 1), 'bn.weight': tensor([1], 1) })).toEqual({
      'bn.weight': tensor([1], 1),
    });
  });
});

describe('fused tensors', () => {
  const ours = {
    'blocks.0.k': tensor([1, 2], 5, 6),
    'blocks.0.q': tensor([2, 2], 1, 2, 3, 4),
  };

  test('are joined along the first axis in the order of the rule, not of the record', () => {
    expect(toTheirs(format, ours)).toEqual({ 'layer0/qk': tensor([3, 2], 1, 2, 3, 4, 5, 6) });
  });

  test('are split into equal parts', () => {
    expect(toOurs(format, { 'layer7/qk': tensor([4, 1], 1, 2, 3, 4) })).toEqual({
      'blocks.7.q': tensor([2, 1], 1, 2),
      'blocks.7.k': tensor([2, 1], 3, 4),
    });
  });

  test('stay as they are when equal parts are impossible, so that the difference is reported', () => {
    expect(Object.keys(toOurs(format, { 'layer7/qk': tensor([3], 1, 2, 3) }))).toEqual(['layer7/qk']);
  });

  test('a missing part is an error', () => {
    expect(() => toTheirs(format, { 'blocks.0.q': tensor([1], 1) })).toThrow(/"layer0\/qk" is made of/);
  });
});
