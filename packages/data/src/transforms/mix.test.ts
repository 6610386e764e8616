import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { beta, mixBatch } from './mix.ts';

test.each([0.2, 0.8, 1, 3])('Beta(%d, %d) has mean 1/2 and variance 1 / (8 alpha + 4)', (alpha) => {
  const rng = Rng.fromSeed(11);
  const n = 20_000;
  const draws = Array.from({ length: n }, () => beta(alpha, rng));
  const mean = draws.reduce((a, b) => a + b) / n;
  const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...draws)).toBeLessThanOrEqual(1);
  // Five standard errors; a Beta's kurtosis is below that of a normal distribution.
  expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(variance / n));
  expect(Math.abs(variance - 1 / (8 * alpha + 4))).toBeLessThan(5 * variance * Math.sqrt(2 / n));
});

describe('a mixed batch', () => {
  const images = () => ({
    data: Float32Array.from({ length: 4 * 6 * 5 * 2 }, (_, i) => Math.floor(i / 60)),
    shape: [4, 6, 5, 2] as const,
  });

  test('is untouched without mixing', () => {
    const batch = images();
    expect(mixBatch(batch, {}, Rng.fromSeed(0))).toBe(1);
    expect(batch).toEqual(images());
  });

  test.each([{ mixup: 0.8 }, { cutmix: 1 }, { mixup: 0.8, cutmix: 1 }])(
    'keeps of every image what it says: %o',
    (mixing) => {
      const kinds = new Set<boolean>();
      for (let seed = 0; seed < 30; seed++) {
        const batch = images();
        const own = mixBatch(batch, mixing, Rng.fromSeed(seed));
        const whole = batch.data.every(Number.isInteger);
        kinds.add(whole);
        // Image b is all b, so its mean is own b + (1 - own) (3 - b), however it was mixed.
        for (let b = 0; b < 4; b++) {
          const values = batch.data.subarray(b * 60, (b + 1) * 60);
          const mean = values.reduce((sum, v) => sum + v, 0) / 60;
          expect(mean).toBeCloseTo(own * b + (1 - own) * (3 - b), 5);
        }
      }
      expect(kinds.size).toBe(Object.keys(mixing).length === 2 ? 2 : 1);
    },
  );
});
