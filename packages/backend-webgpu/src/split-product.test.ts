import { describe, expect, test } from 'vitest';
import { slicesOf } from './split-product.ts';

describe('slicesOf', () => {
  test('a short sum is not split, a long one into slices of at least 256', () => {
    expect(slicesOf({ m: 27, n: 8, p: 511 })).toBe(1);
    expect(slicesOf({ m: 27, n: 8, p: 512 })).toBe(2);
    expect(slicesOf({ m: 27, n: 8, p: 65_536 })).toBe(256);
  });

  test('many results need fewer slices', () => {
    expect(slicesOf({ m: 4608, n: 512, p: 65_536 })).toBe(1);
    expect(slicesOf({ m: 576, n: 64, p: 65_536 })).toBe(15);
  });
});
