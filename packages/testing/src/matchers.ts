import type { Tolerance } from '@ma-net/core';
import { expect } from 'vitest';
import { type Comparable, difference, numbersOf } from './closeness.ts';

interface TensorMatchers {
  /**
   * Compares a tensor with another, with nested arrays, or with a flat array in row-major order, number by
   * number: |found - expected| <= atol + rtol |expected|. Await it.
   */
  toBeAllClose(expected: Comparable, tolerance?: Tolerance): Promise<void>;
}

declare module 'vitest' {
  interface Matchers<T> extends TensorMatchers {}
}

expect.extend({
  async toBeAllClose(found: Comparable, expected: Comparable, tolerance?: Tolerance) {
    const reason = difference(await numbersOf(found), await numbersOf(expected), tolerance);
    return {
      pass: reason === undefined,
      message: () => (reason === undefined ? 'the numbers are close, against expectation' : reason),
    };
  },
});
