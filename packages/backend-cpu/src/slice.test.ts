import { Rng, startBackend } from '@ma-net/core';
import '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { agree, normals, pick, repeat } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

describe('slice', () => {
  test('of random shapes and types, to the end included', () =>
    repeat('slice', 80, (rng) => {
      const r = rng();
      const shape = Array.from({ length: 1 + r.integer(5) }, () => 1 + r.integer(5));
      const begin = shape.map((size) => (r.integer(2) === 0 ? 0 : r.integer(size)));
      const size = shape.map((s, i) => (r.integer(3) === 0 ? -1 : 1 + r.integer(s - begin[i]!)));
      const dtype = pick(r, ['float32', 'int32', 'bool'] as const);
      const make = (): Record<string, tf.Tensor> => ({
        x: tf.cast(tf.mul(normals(rng().split('x'), ...shape), 3), dtype),
      });
      return agree('Slice', make, { begin, size });
    }));

  test('shares no numbers with what it was cut from', async () => {
    const x = tf.tensor1d([1, 2, 3, 4]);
    const y = tf.slice(x, 1, 2);
    x.dispose();
    await expect(y).toBeAllClose([2, 3]);
  });

  test('refuses what lies outside, as the stock kernel does', () => {
    expect(() => tf.slice(tf.zeros([3, 3]), [2, 0], [2, 3])).toThrow(/begin\[0\] \+ size\[0\]/);
  });
});

test('split gives the parts in order, of equal and of given sizes, along any axis', async () => {
  const x = normals(Rng.fromSeed(1), 4, 6, 2);
  for (const [sizes, axis] of [
    [2, 0],
    [3, 1],
    [[1, 2, 3], 1],
    [[4, -1], 1],
    [2, -1],
  ] as const) {
    const parts = tf.split(x, typeof sizes === 'number' ? sizes : [...sizes], axis);
    await expect(tf.concat(parts, axis)).toBeAllClose(x);
    expect(parts.length).toBe(typeof sizes === 'number' ? sizes : sizes.length);
  }
  await expect(
    tf.split(
      tf.tensor2d([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      [1, 2],
      1,
    )[1]!,
  ).toBeAllClose([
    [2, 3],
    [5, 6],
  ]);
});
