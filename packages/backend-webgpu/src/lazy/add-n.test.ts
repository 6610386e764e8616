// Sums of any number of tensors, on the GPU, beside those of the cpu backend.

import { describeOn } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectAgreement, random } from '../../test/agreement.ts';
import { webgpu } from '../adapter.ts';

useSwiftShader();

describeOn(webgpu, 'sums of many tensors', () => {
  test.each([1, 7, 8, 13, 14, 41])('%s of them', async (count) => {
    const terms = (): tf.Tensor[] => Array.from({ length: count }, (_, i) => random([2, 3], `${i}`));
    await expectAgreement(() => tf.addN(terms()));
  });

  test('nothing is left behind', async () => {
    const before = tf.backend().numDataIds();
    const sum = tf.tidy(() => tf.addN(Array.from({ length: 30 }, (_, i) => tf.scalar(i))));
    expect([...(await sum.data())]).toEqual([435]);
    sum.dispose();
    expect(tf.backend().numDataIds()).toBe(before);
  });
});
