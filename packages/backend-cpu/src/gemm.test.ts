import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { addProduct, type Matrix } from './gemm.ts';

const dense = (data: ArrayLike<number>, columns: number): Matrix => ({
  data,
  offset: 0,
  row: columns,
  column: 1,
});

describe('addProduct', () => {
  test('multiplies what a pencil can check', () => {
    // [1 2; 3 4] [5 6; 7 8] = [19 22; 43 50]
    const c = new Float32Array(4);
    addProduct(2, 2, 2, dense([1, 2, 3, 4], 2), dense([5, 6, 7, 8], 2), c);
    expect([...c]).toEqual([19, 22, 43, 50]);
  });

  test('adds to what is there, from `start` on, and touches nothing else', () => {
    const c = new Float32Array([9, 1, 1, 9]);
    addProduct(1, 2, 1, dense([2], 1), dense([3, 4], 2), c, 1);
    expect([...c]).toEqual([9, 7, 9, 9]);
  });

  test('agrees with three loops in every remainder of its tiles and blocks', () => {
    const rng = Rng.fromSeed(7);
    for (const [m, n, k] of [
      [1, 1, 1],
      [3, 5, 7],
      [4, 4, 256],
      [5, 6, 257],
      [8, 3, 513],
      [17, 9, 2],
    ] as const) {
      const [a, b] = [rng.normals(m * k, 1), rng.normals(k * n, 1)];
      const c = new Float32Array(m * n);
      // a is stored transposed and with a gap, so that its steps are neither 1 nor k.
      const stored = new Float32Array(k * (m + 2) + 1);
      for (let i = 0; i < m; i++) for (let p = 0; p < k; p++) stored[1 + p * (m + 2) + i] = a[i * k + p]!;
      addProduct(m, n, k, { data: stored, offset: 1, row: 1, column: m + 2 }, dense(b, n), c);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[p * n + j]!;
          expect(Math.abs(c[i * n + j]! - sum)).toBeLessThan(1e-5);
        }
      }
    }
  });
});
