import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { classificationMeter } from './ranking.ts';

const measure = (classes: number, topK: readonly number[], logits: number[], labels: number[]) => {
  const meter = classificationMeter(classes, topK);
  meter.add(logits, labels);
  return meter.result();
};

describe('classificationMeter', () => {
  test('counts labels among the first k, and averages -ln p', () => {
    // Row 1: label 2 is second of three. Row 2: label 0 is first.
    // -ln p: ln(e^2 + 1 + e^1) - 1 = ln 11.1073379 - 1 = 1.4076060; ln(e^3 + 2) - 3 = ln 22.0855369 - 3 = 0.0949230.
    const { top1, top2, loss } = measure(3, [1, 2], [2, 0, 1, 3, 0, 0], [2, 0]);
    expect([top1, top2]).toEqual([0.5, 1]);
    expect(loss).toBeCloseTo((1.407606 + 0.094923) / 2, 7);
  });

  test.each([0, 1, 2])('ranks as a stable descending sort does, seed %i', (seed) => {
    const rng = Rng.fromSeed(seed);
    const [rows, classes] = [200, 6];
    // Few distinct values, so that most rows have ties.
    const logits = Array.from({ length: rows * classes }, () => rng.integer(4));
    const labels = Array.from({ length: rows }, () => rng.integer(classes));
    const expected = [1, 2, 5].map((k) => {
      const hits = labels.filter((label, b) => {
        const row = logits.slice(b * classes, (b + 1) * classes);
        return [...row.keys()]
          .sort((i, j) => row[j]! - row[i]!)
          .slice(0, k)
          .includes(label);
      });
      return hits.length / rows;
    });
    const { top1, top2, top5 } = measure(classes, [1, 2, 5], logits, labels);
    expect([top1, top2, top5]).toEqual(expected);
  });

  test.each([0, 1])('does not care how rows are batched or padded, seed %i', (seed) => {
    const rng = Rng.fromSeed(seed);
    const logits = Array.from(rng.normals(40 * 7, 3));
    const labels = Array.from({ length: 40 }, () => rng.integer(7));
    const whole = measure(7, [1, 5], logits, labels);

    const meter = classificationMeter(7, [1, 5]);
    for (let b = 0; b < 40; b += 16) {
      const part = labels.slice(b, b + 16);
      const padding = 16 - part.length;
      meter.add(
        [...logits.slice(b * 7, (b + 16) * 7), ...Array<number>(padding * 7).fill(0)],
        [...part, ...Array<number>(padding).fill(-1)],
      );
    }
    expect(meter.count).toBe(40);
    expect(meter.result()).toEqual(whole);
  });

  test('is exact where exponentials overflow, and unmoved by an offset', () => {
    expect(measure(2, [1], [1000, 0], [1])['loss']).toBe(1000);
    expect(measure(2, [1], [-1000, -1000], [1])['loss']).toBeCloseTo(Math.log(2), 12);
  });

  test('counts no row with NaN as right', () => {
    for (const logits of [
      [Number.NaN, 0, 0],
      [Number.NaN, Number.NaN, Number.NaN],
      [1, 0, Number.NaN],
    ]) {
      const { top1, loss } = measure(3, [1], logits, [0]);
      expect([top1, loss]).toEqual([0, Number.NaN]);
    }
  });

  test.each([
    ['bad-argument', () => classificationMeter(5, [5]), /top-5 says nothing about 5 classes/],
    ['bad-argument', () => classificationMeter(5, [0]), /1 to 4/],
    ['bad-argument', () => classificationMeter(5).result(), /no row was counted/],
    ['bad-argument', () => measure(2, [1], [0, 0], [-1]), /no row was counted/],
    ['shape-mismatch', () => measure(3, [1], [0, 0], [0]), /2 logits and 1 labels; expected 3/],
    ['bad-data', () => measure(2, [1], [0, 0], [2]), /Label 2 .*0 to 1[^]*row 0/],
    ['bad-data', () => measure(2, [1], [0, 0, 0, 0], [0, -2]), /Label -2[^]*row 1/],
  ])('refuses with %s what it cannot measure: %s', (code, act, message) => {
    expect(act).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }));
  });
});
