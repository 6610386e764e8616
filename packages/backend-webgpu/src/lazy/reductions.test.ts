// Sums and means over any axes, on the GPU, beside those of the cpu backend.

import { describeOn } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectAgreement, random } from '../../test/agreement.ts';
import { webgpu } from '../adapter.ts';

useSwiftShader();

describeOn(webgpu, 'sums over the leading axes', () => {
  const shapes = [
    { shape: [6, 9, 8, 5], axes: [0, 1, 2] },
    { shape: [3, 4, 5, 6], axes: [1, 0] },
    { shape: [31, 3], axes: [0] },
    { shape: [64, 3], axes: [0] },
    { shape: [2001, 1], axes: [0] },
    { shape: [1, 7], axes: [0] },
    { shape: [5, 700], axes: [-2] },
  ];
  test.each(shapes.flatMap((one) => [true, false].map((keep) => ({ ...one, keep }))))(
    '%o',
    async ({ shape, axes, keep }) => {
      await expectAgreement(() => tf.sum(random(shape, 'x'), axes, keep));
      await expectAgreement(() => tf.mean(random(shape, 'x'), axes, keep));
    },
  );

  test('whole numbers stay with the stock kernel, and stay whole', async () => {
    const counts = tf.tidy(() => tf.sum(tf.tensor2d([1, 2, 3, 4], [2, 2], 'int32'), 0));
    expect(counts.dtype).toBe('int32');
    expect([...(await counts.data())]).toEqual([4, 6]);
    counts.dispose();
  });

  test('nothing is left behind', async () => {
    const x = random([300, 4], 'x');
    const before = tf.backend().numDataIds();
    const y = tf.sum(x, 0);
    await y.data();
    y.dispose();
    expect(tf.backend().numDataIds()).toBe(before);
    x.dispose();
  });
});
