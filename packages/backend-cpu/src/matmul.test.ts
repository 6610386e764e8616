import { Rng, startBackend } from '@ma-net/core';
import '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { agree, type Inputs, normals, pick, repeat } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

describe('matrix product', () => {
  test('over random sizes, transposes and batches', () =>
    repeat('matmul', 60, (rng) => {
      const r = rng();
      const [m, n, k] = [1 + r.integer(40), 1 + r.integer(40), 1 + r.integer(300)];
      const [transposeA, transposeB] = [r.integer(2) === 1, r.integer(2) === 1];
      const batch = pick(r, [
        [[2], [2]],
        [[3], [1]],
        [[], []],
        [
          [1, 1],
          [2, 2],
        ],
      ] as const);
      const make = (): Inputs => ({
        a: normals(rng().split('a'), ...batch[0], ...(transposeA ? [k, m] : [m, k])),
        b: normals(rng().split('b'), ...batch[1], ...(transposeB ? [n, k] : [k, n])),
      });
      return agree('BatchMatMul', make, { transposeA, transposeB });
    }));

  test('broadcasts batches that the stock kernel confuses', async () => {
    const [a, b] = [normals(Rng.fromSeed(1), 2, 3, 4, 5), normals(Rng.fromSeed(2), 2, 1, 5, 6)];
    const found = tf.matMul(a, b);
    const expected = tf.matMul(a, tf.tile(b, [1, 3, 1, 1]));
    await expect(found).toBeAllClose(expected);
  });

  test('leaves whole numbers to the stock kernel', () =>
    agree(
      'BatchMatMul',
      () => ({ a: tf.tensor2d([[1, 2]], [1, 2], 'int32'), b: tf.tensor2d([[3], [4]], [2, 1], 'int32') }),
      { transposeA: false, transposeB: false },
    ));
});
