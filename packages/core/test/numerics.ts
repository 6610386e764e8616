// Oracles in double precision, which share nothing with tfjs: a function as a person would write it, and its
// gradient by central differences.

import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { Rng } from '../src/rng.ts';

/** Fails unless every number is within atol + rtol |expected|. */
export async function expectClose(
  found: tf.Tensor | ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-5, atol = 1e-6 } = {},
): Promise<void> {
  const numbers = found instanceof tf.Tensor ? await found.data() : found;
  expect(numbers.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [numbers[i]!, expected[i]!];
    if (!(Math.abs(a - b) <= atol + rtol * Math.abs(b))) expect.fail(`at ${i}: ${a} instead of ${b}`);
  }
}

/** df/dx at `x` by central differences, good to about 1e-8 of a smooth function in double precision. */
export function centralDifferences(f: (x: readonly number[]) => number, x: readonly number[]): number[] {
  const step = 1e-5;
  return x.map((value, i) => {
    const [up, down] = [x.with(i, value + step), x.with(i, value - step)];
    return (f(up) - f(down)) / (2 * step);
  });
}

/** Normal numbers that float32 holds exactly, so that both sides start from the same. */
export function normals(seed: number, count: number): number[] {
  return [...Rng.fromSeed(seed).normals(count, 1)];
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** Counts the tensors that `f` leaves behind when it runs again. */
export function leaked(f: () => void): number {
  f();
  const before = tf.memory().numTensors;
  f();
  return tf.memory().numTensors - before;
}
