// Comparing tensors, and counting them.

import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

export interface Fixed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** |found - expected| <= atol + rtol |expected| for every number; shapes must agree. */
export function expectClose(
  found: tf.Tensor,
  expected: Fixed | tf.Tensor,
  { rtol = 1e-4, atol = 1e-5, what = '' }: { rtol?: number; atol?: number; what?: string } = {},
): void {
  const numbers = expected instanceof tf.Tensor ? expected.dataSync() : expected.data;
  expect(found.shape, `shape ${what}`).toEqual([...expected.shape]);
  found.dataSync().forEach((value, i) => {
    const difference = Math.abs(value - numbers[i]!);
    if (!(difference <= atol + rtol * Math.abs(numbers[i]!))) {
      expect.fail(`${what}[${i}]: found ${value}, expected ${numbers[i]}`);
    }
  });
}

/** Largest |a - b|. */
export function largestDifference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);
}

export function tensorOf({ shape, data }: Fixed): tf.Tensor {
  return tf.tensor([...data], [...shape], 'float32');
}

/** `work` may return tensors that it owns; they are disposed. Nothing else may stay. */
export function expectNoLeak(work: () => tf.TensorContainer | void): void {
  const before = tf.memory().numTensors;
  const results = work();
  if (results !== undefined) tf.dispose(results as tf.TensorContainer);
  expect(tf.memory().numTensors - before, 'tensors left behind').toBe(0);
}
