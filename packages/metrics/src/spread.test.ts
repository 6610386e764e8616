import { describe, expect, test } from 'vitest';
import { pairedDifferences, proportionInterval, studentT, summarise } from './spread.ts';

// The five seeds of the main comparison, plain and MA-Net (section 15.1 of docs/algorithm.md), in per cent.
const plain = [59.88, 60.96, 58.64, 59.98, 59.78];
const manet = [60.54, 62.08, 59.64, 61.34, 60.94];

describe('summarise', () => {
  test('gives the published 59.85 +- 0.82 and 60.91 +- 0.91', () => {
    expect(summarise(plain)).toEqual({
      runs: 5,
      mean: expect.closeTo(59.85, 2),
      sd: expect.closeTo(0.82, 2),
      margin: expect.closeTo((2.776445 * 0.8244) / Math.sqrt(5), 3),
    });
    expect(summarise(manet)).toMatchObject({
      runs: 5,
      mean: expect.closeTo(60.91, 2),
      sd: expect.closeTo(0.91, 2),
    });
  });

  test('divides by n - 1', () => {
    // Deviations -1, 0, 1: 2 / 2.
    expect(summarise([4, 5, 6])).toMatchObject({ runs: 3, mean: 5, sd: 1 });
  });

  test('knows no spread of one run, and nothing of none', () => {
    expect(summarise([7])).toEqual({ runs: 1, mean: 7, sd: undefined, margin: undefined });
    expect(() => summarise([])).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('studentT', () => {
  test.each([
    [1, 12.7062],
    [2, 4.302653],
    [3, 3.182446],
    [4, 2.776445],
    [9, 2.262157],
    [30, 2.042272],
    [120, 1.97993],
  ])('of %d degrees holds 95 %% within %d, as tables have it', (degrees, expected) => {
    expect(studentT(0.95, degrees) / expected).toBeCloseTo(1, 5);
  });

  test.each([0.1, 0.5, 0.9, 0.999])('within %d, where there is a closed form', (within) => {
    expect(studentT(within, 1)).toBeCloseTo(Math.tan((Math.PI / 2) * within), 8);
    expect(studentT(within, 2)).toBeCloseTo(within * Math.sqrt(2 / (1 - within ** 2)), 8);
  });

  test.each([
    [1, 3],
    [-0.1, 3],
    [Number.NaN, 3],
    [0.5, 0],
    [0.5, 1.5],
  ])('has no quantile %d of %d degrees', (within, degrees) => {
    expect(() => studentT(within, degrees)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('pairedDifferences', () => {
  test('gives the published +1.06 +- 0.26, five of five positive, the smallest +0.66', () => {
    expect(pairedDifferences(manet, plain)).toMatchObject({
      runs: 5,
      mean: expect.closeTo(1.06, 2),
      sd: expect.closeTo(0.26, 2),
      smallest: expect.closeTo(0.66, 10),
      positive: 5,
    });
  });

  test('has the sign of method minus baseline, and counts no tie', () => {
    expect(pairedDifferences([1, 2, 3], [2, 2, 1])).toMatchObject({ smallest: -1, positive: 1 });
  });

  test('refuses runs without a partner', () => {
    expect(() => pairedDifferences([1], [1, 2])).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});

describe('proportionInterval', () => {
  test.each([
    [0.9, 1000],
    [0.5, 4],
    [0.03, 77],
    [0.999, 10_000],
  ])('%d of %d: at its ends the part found is 1.96 standard deviations away', (value, samples) => {
    const ends = proportionInterval(value, samples);
    for (const p of ends)
      expect(Math.abs(p - value) / Math.sqrt((p * (1 - p)) / samples)).toBeCloseTo(1.96, 3);
    expect(ends[0]).toBeLessThan(value);
    expect(ends[1]).toBeGreaterThan(value);
  });

  test('stays within 0 and 1 where all are right, or none', () => {
    // z^2 / (n + z^2), and its mirror image.
    expect(proportionInterval(0, 10)).toEqual([0, expect.closeTo(3.8415 / 13.8415, 4)]);
    expect(proportionInterval(1, 10)).toEqual([expect.closeTo(10 / 13.8415, 4), expect.closeTo(1, 12)]);
  });

  test.each([
    [1.5, 10],
    [Number.NaN, 10],
    [0.5, 0],
  ])('refuses %d of %d', (value, samples) => {
    expect(() => proportionInterval(value, samples)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});
