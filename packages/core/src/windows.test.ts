import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../test/cpu.ts';
import { expectClose } from '../test/numerics.ts';
import { fromWindows, relativePositions, shiftMask, toWindows } from './windows.ts';

const grid = tf.tidy(() => tf.reshape(tf.range(0, 16, 1, 'float32'), [1, 4, 4, 1]) as tf.Tensor4D);

test('windows are cut row by row', async () => {
  // 0 1 | 2 3 / 4 5 | 6 7 // 8 9 | 10 11 / 12 13 | 14 15
  const windows = toWindows(grid, 2, 0);
  expect(windows.shape).toEqual([4, 4, 1]);
  await expectClose(windows, [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
});

test('a shift moves the image up and left, and what falls off comes back at the other side', async () => {
  // Moved by one: 5 6 7 4 / 9 10 11 8 / 13 14 15 12 / 1 2 3 0
  await expectClose(toWindows(grid, 2, 1), [5, 6, 9, 10, 7, 4, 11, 8, 13, 14, 1, 2, 15, 12, 3, 0]);
});

test.each([0, 1])('fromWindows undoes toWindows, shift %d, images that are not square', async (shift) => {
  const x = tf.reshape(tf.range(0, 2 * 4 * 6 * 3, 1, 'float32'), [2, 4, 6, 3]) as tf.Tensor4D;
  const back = fromWindows(toWindows(x, 2, shift), [4, 6], 2, shift);
  expect(back.shape).toEqual([2, 4, 6, 3]);
  await expectClose(back, await x.data());
});

test('relative positions of a 2x2 window, by hand', () => {
  // Positions (0,0) (0,1) (1,0) (1,1); row (dy + 1) * 3 + dx + 1 of the table. From (0,0): 4 3 1 0.
  const positions = relativePositions(2);
  expect([...positions.slice(0, 4)]).toEqual([4, 3, 1, 0]);
  expect([...positions.slice(12)]).toEqual([8, 7, 5, 4]);
  expect([...positions].filter((_, i) => i % 5 === 0)).toEqual([4, 4, 4, 4]);
});

test('the mask separates what met by wrapping around, and nothing else', () => {
  const mask = shiftMask(4, 4, 2, 1);
  const window = (n: number): number[] => [...mask.slice(n * 16, (n + 1) * 16)];
  expect(window(0).every((m) => m === 0)).toBe(true);
  // The second window holds columns 3 and 0: left and right do not see each other.
  expect(window(1)).toEqual([0, -100, 0, -100, -100, 0, -100, 0, 0, -100, 0, -100, -100, 0, -100, 0]);
  // The last holds four corners of the image: each sees itself only.
  expect(window(3)).toEqual(Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 0 : -100)));
});

test('an axis that a single window covers is neither shifted nor masked', async () => {
  // 0 1 2 3 / 4 5 6 7: the columns move by one, the rows stay.
  const x = tf.reshape(tf.range(0, 8, 1, 'float32'), [1, 2, 4, 1]) as tf.Tensor4D;
  const windows = toWindows(x, 2, 1);
  await expectClose(windows, [1, 2, 5, 6, 3, 0, 7, 4]);
  await expectClose(fromWindows(windows, [2, 4], 2, 1), await x.data());
  const mask = shiftMask(2, 4, 2, 1);
  expect(mask.subarray(0, 16).every((m) => m === 0)).toBe(true);
  expect([...mask.subarray(16)]).toEqual([
    0, -100, 0, -100, -100, 0, -100, 0, 0, -100, 0, -100, -100, 0, -100, 0,
  ]);
});
