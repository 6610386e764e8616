import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { expectNoLeak } from './leaks.ts';
import { REFERENCE } from './reference.ts';

beforeAll(() => tf.setBackend(REFERENCE));

test('passes what cleans up, and lets the first run fill a cache', async () => {
  let cache: tf.Tensor | undefined;
  expectNoLeak(() => {
    cache ??= tf.zeros([3]);
    tf.add(cache, 1).dispose();
  });
  await expectNoLeak(async () => {
    const x = tf.zeros([3]);
    await x.data();
    x.dispose();
  });
});

test('fails on a tensor that stays, and on a second handle of the same numbers', () => {
  expect(() => expectNoLeak(() => tf.zeros([3]))).toThrow('1 tensors and 1 buffers');
  const x = tf.zeros([3]);
  expect(() => expectNoLeak(() => tf.reshape(x, [3, 1]))).toThrow('1 tensors and 0 buffers');
});

test('fails on an asynchronous leak', async () => {
  await expect(
    expectNoLeak(async () => {
      await tf.zeros([3]).data();
    }),
  ).rejects.toThrow('left 1 tensors');
});
