import { describe, expect, test } from 'vitest';
import { evaluationBatches, recalibrationBatches } from './batches.ts';
import { digits } from './node.ts';

const { test: set } = await digits({ trainLimit: 1, testLimit: 50 });
const scaled = Array.from(set.images, (value) => value / 16);

describe('evaluationBatches', () => {
  test.each([1, 7, 25, 50, 64])('of %i give every image once, in order, in one shape', (batchSize) => {
    const batches = evaluationBatches(set, batchSize);
    const all = [...batches];
    expect(all.length).toBe(batches.length);
    expect(all.map(({ shape }) => shape)).toEqual(all.map(() => [batchSize, 8, 8, 1]));
    expect(all.flatMap(({ images, count }) => [...images.subarray(0, count * 64)])).toEqual(scaled);
    expect(all.flatMap(({ labels, count }) => [...labels.subarray(0, count)])).toEqual([...set.labels]);
    for (const { images, labels, count } of all) {
      expect(images.length).toBe(batchSize * 64);
      expect(images.subarray(count * 64).every((value) => value === 0)).toBe(true);
      expect([...labels.subarray(count)]).toEqual(Array(batchSize - count).fill(-1));
    }
  });

  test('can be walked through again', () => {
    const batches = evaluationBatches(set, 16);
    expect([...batches]).toEqual([...batches]);
  });

  test.each([0, 1.5])('refuse batches of %d', (batchSize) => {
    expect(() => evaluationBatches(set, batchSize)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});

describe('recalibrationBatches', () => {
  test('are whole, unaugmented, as many as asked for, and always the same', () => {
    const batches = recalibrationBatches(set, 16, 7);
    const all = [...batches];
    expect([all.length, batches.length]).toEqual([7, 7]);
    expect([...batches]).toEqual(all);
    const known = new Map(
      Array.from(set.labels, (label, i) => [scaled.slice(i * 64, (i + 1) * 64).join(), label]),
    );
    for (const { images, labels, count } of all) {
      expect(count).toBe(16);
      labels.forEach((label, b) => {
        expect(known.get(Array.from(images.subarray(b * 64, (b + 1) * 64)).join())).toBe(label);
      });
    }
  });

  test('are 20 unless said otherwise', () => {
    expect([...recalibrationBatches(set, 10)].length).toBe(20);
  });
});
