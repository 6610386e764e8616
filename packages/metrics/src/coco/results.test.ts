import { expect, test } from 'vitest';
import { resultEntry } from './results.ts';
import { countsFrom, encodeMask } from './rle.ts';

test('an entry is what the tools of COCO read: a box by its size, a mask as text', () => {
  const mask = encodeMask(Uint8Array.of(0, 1, 1, 0, 1, 1), 2, 3);
  const entry = resultEntry({ image: 7, category: 90, score: 0.5, box: [1, 2, 4, 8], mask });
  expect(entry).toMatchObject({ image_id: 7, category_id: 90, bbox: [1, 2, 3, 6], score: 0.5 });
  const { size, counts } = entry.segmentation!;
  expect([size, countsFrom(counts, size, 'entry')]).toEqual([[2, 3], mask.counts]);
  expect('segmentation' in resultEntry({ image: 1, category: 1, score: 1, box: [0, 0, 1, 1] })).toBe(false);
});
