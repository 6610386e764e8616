import { Rng } from '@ma-net/core';
import { difference, numbersOf, onReference } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { webgpu } from '../src/adapter.ts';

/** The same numbers for the same label. */
export const random = (shape: number[], label: string): tf.Tensor =>
  tf.tensor(
    Rng.fromSeed(7)
      .split(label)
      .normals(
        shape.reduce((a, b) => a * b, 1),
        1,
      ),
    shape,
  );

/** The backend and the reference compute the same of the same numbers. */
export async function expectAgreement(compute: () => tf.Tensor): Promise<void> {
  const on = async () => {
    const y = tf.tidy(compute);
    const numbers = await numbersOf(y);
    y.dispose();
    return numbers;
  };
  const expected = await onReference(on);
  expect(difference(await on(), expected, webgpu.tolerance)).toBeUndefined();
}
