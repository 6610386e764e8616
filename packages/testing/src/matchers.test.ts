import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import './matchers.ts';
import { REFERENCE } from './reference.ts';

beforeAll(() => tf.setBackend(REFERENCE));

test('toBeAllClose passes and fails as an assertion', async () => {
  const x = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  await expect(x).toBeAllClose([
    [1, 2],
    [3, 4],
  ]);
  await expect(x).toBeAllClose(new Float32Array([1, 2, 3, 4]));
  await expect(x).toBeAllClose(tf.add(x, 1), { rtol: 0, atol: 1.01 });
  await expect(x).not.toBeAllClose([
    [1, 2],
    [3, 5],
  ]);
  await expect(expect(x).toBeAllClose([1, 2, 3, 5])).rejects.toThrow('4 instead of 5');
});
