import { describeOn } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectAgreement, random } from '../test/agreement.ts';
import { webgpu } from './adapter.ts';

useSwiftShader();

describeOn(webgpu, 'products with a long common axis', () => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('transposed: %s, %s', async (a, b) => {
    const [m, n, p] = [37, 21, 2222];
    const product = (): tf.Tensor =>
      tf.matMul(random(a ? [p, m] : [m, p], 'a'), random(b ? [n, p] : [p, n], 'b'), a, b);
    await expectAgreement(product);
    const again = async (): Promise<number[]> => {
      const y = tf.tidy(product);
      const values = [...(await y.data())];
      y.dispose();
      return values;
    };
    expect(await again()).toEqual(await again());
  });

  test('batches of one stay batches', async () => {
    await expectAgreement(() => tf.matMul(random([1, 1, 20, 2100], 'a'), random([1, 1, 2100, 20], 'b')));
  });
});
