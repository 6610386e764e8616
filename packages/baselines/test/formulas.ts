// Numbers of fixtures: weights and inputs are formulas of their position, so that they are not written down.

import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

export interface ArrayOf {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const each = (count: number, f: (k: number) => number): number[] =>
  Array.from({ length: count }, (_, k) => f(k));

/** Kernels. */
export const kernelOf = (shape: readonly number[], fan: number, phase: number): number[] =>
  each(size(shape), (k) => Math.sin(0.1 * (k + 1) ** 2 + phase) / Math.sqrt(fan));
/** Gains of normalisations. */
export const gain = (n: number, phase: number): number[] => each(n, (k) => 1 + 0.2 * Math.sin(k + 1 + phase));
/** Biases and offsets. */
export const bias = (n: number, phase: number): number[] => each(n, (k) => 0.1 * Math.cos(k + 1 + phase));

export function inputOf(shape: readonly number[], phase: number): tf.Tensor {
  const values = each(size(shape), (k) => Math.sin(1.7 * (k + 1) + 0.013 * (k + 1) ** 2 + phase));
  return tf.tensor(values, [...shape]);
}

/** What outputs are weighed by before they are summed. */
export function filled(shape: readonly number[], phase = 0): tf.Tensor {
  return tf.tensor(
    each(size(shape), (k) => Math.cos(0.3 * (k + 1) + phase)),
    [...shape],
  );
}

export const tensorOf = ({ shape, data }: ArrayOf): tf.Tensor => tf.tensor([...data], [...shape]);

/** Fails unless every number is as near as `tolerance` times the largest of those expected, or 0.05. */
export async function expectNear(found: tf.Tensor, expected: ArrayOf, tolerance: number): Promise<void> {
  const numbers = await found.data();
  expect(numbers).toHaveLength(expected.data.length);
  const largest = expected.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0.05);
  expected.data.forEach((value, k) => {
    const off = Math.abs(numbers[k]! - value);
    if (!(off <= tolerance * largest)) expect.fail(`at ${k}: ${numbers[k]} instead of ${value}`);
  });
}
