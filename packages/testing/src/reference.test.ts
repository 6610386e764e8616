import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { on, onReference, REFERENCE } from './reference.ts';

test('keeps the stock kernels when somebody replaces one', async () => {
  await tf.setBackend('cpu');
  const stock = tf.getKernel('Neg', 'cpu');
  tf.unregisterKernel('Neg', 'cpu');
  tf.registerKernel({ ...stock, kernelFunc: ({ inputs }) => inputs['x'] as tf.TensorInfo });
  const negated = await onReference(async () => {
    const y = tf.neg(tf.tensor1d([1, -2]));
    return [...(await y.data())];
  });
  expect(negated).toEqual([-1, 2]);
});

test('goes back to the backend before, also after a failure', async () => {
  await tf.setBackend('cpu');
  expect(await onReference(() => tf.engine().backendName)).toBe(REFERENCE);
  expect(tf.engine().backendName).toBe('cpu');
  await expect(
    on(REFERENCE, () => {
      throw new Error('inside');
    }),
  ).rejects.toThrow('inside');
  expect(tf.engine().backendName).toBe('cpu');
});
