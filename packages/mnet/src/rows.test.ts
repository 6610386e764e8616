import '../test/backend.ts';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../test/tensors.ts';
import { inverseOf, permuteRows, rowOrder, splitRows } from './rows.ts';

const x = tf.tensor2d([0, 1, 2, 3, 4, 5], [3, 2]);

describe('rows', () => {
  test('are reordered, and their gradient the way back', () => {
    const order = rowOrder(Int32Array.of(2, 0, 1));
    expectClose(permuteRows(x, order), { shape: [3, 2], data: [4, 5, 0, 1, 2, 3] });
    const dy = tf.tensor2d([10, 11, 12, 13, 14, 15], [3, 2]);
    const gradient = tf.grad((t) => tf.sum(tf.mul(permuteRows(t as tf.Tensor2D, order), dy)))(x);
    expectClose(gradient, { shape: [3, 2], data: [12, 13, 14, 15, 10, 11] });
  });

  test('stay as they are where there is nothing to do', () => {
    expect(rowOrder(Int32Array.of(0, 1, 2))).toBeUndefined();
    expect(permuteRows(x, undefined)).toBe(x);
    expect([...inverseOf(Int32Array.of(2, 0, 1))]).toEqual([1, 2, 0]);
  });

  test.each([[[3]], [[1, 2]]])('split into %j, differentiably', (sizes) => {
    expect(splitRows(x, sizes).map((piece) => piece.shape[0])).toEqual(sizes);
    const gradient = tf.grad((t) => tf.sum(splitRows(t, sizes).at(-1)!))(x);
    const rows = sizes.flatMap((size, i) => Array<number>(2 * size).fill(i === sizes.length - 1 ? 1 : 0));
    expectClose(gradient, { shape: [3, 2], data: rows });
  });
});
