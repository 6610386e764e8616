import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { difference, numbersOf } from './closeness.ts';
import { REFERENCE } from './reference.ts';

beforeAll(() => tf.setBackend(REFERENCE));

describe('difference', () => {
  const tolerance = { rtol: 0.1, atol: 0.01 };

  test('allows atol + rtol |expected| and no more', () => {
    // At 2 the allowance is 0.01 + 0.2 = 0.21.
    expect(difference({ data: [2.2] }, { data: [2] }, tolerance)).toBeUndefined();
    expect(difference({ data: [2.22] }, { data: [2] }, tolerance)).toContain('2.22 instead of 2');
  });

  test('takes NaN for NaN and infinity for infinity, but for nothing else', () => {
    expect(difference({ data: [Number.NaN] }, { data: [Number.NaN] })).toBeUndefined();
    expect(difference({ data: [Infinity] }, { data: [Infinity] })).toBeUndefined();
    expect(difference({ data: [Number.NaN] }, { data: [0] })).toContain('NaN instead of 0');
    expect(difference({ data: [0] }, { data: [Number.NaN] })).toContain('0 instead of NaN');
    expect(difference({ data: [1e30] }, { data: [Infinity] })).toContain('instead of Infinity');
    expect(difference({ data: [Infinity] }, { data: [-Infinity] })).toContain('instead of -Infinity');
  });

  test('names the worst place by its indices, and the number of wrong ones', () => {
    const found = { shape: [2, 3], data: [0, 0, 1, 0, 0, 5] };
    const expected = { shape: [2, 3], data: [0, 0, 0, 0, 0, 0] };
    expect(difference(found, expected)).toContain('2 of 6 numbers differ, most at [1, 2]: 5 instead of 0');
  });

  test('compares shapes and types where both sides have one', () => {
    expect(difference({ shape: [2, 1], data: [1, 2] }, { shape: [1, 2], data: [1, 2] })).toContain('shape');
    expect(difference({ data: [1, 2] }, { data: [1] })).toContain('2 numbers, not 1');
    const [a, b] = [
      { dtype: 'int32', data: [1] },
      { dtype: 'float32', data: [1] },
    ];
    expect(difference(a, b)).toBe('the type is int32, not float32');
    expect(difference(a, { data: [1] })).toBeUndefined();
  });
});

test('numbersOf knows tensors, scalars, nested and flat arrays', async () => {
  expect(await numbersOf(3)).toEqual({ shape: [], data: [3] });
  expect(await numbersOf([1, 2])).toEqual({ data: [1, 2] });
  expect(
    await numbersOf([
      [1, 2],
      [3, 4],
    ]),
  ).toEqual({ shape: [2, 2], data: [1, 2, 3, 4] });
  expect((await numbersOf(tf.zeros([2, 2]))).shape).toEqual([2, 2]);
});
