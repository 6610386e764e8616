import { expect, test } from 'vitest';
import { originalBoxes } from './detections.ts';

test('boxes go back to the image they were resized from, and end at its border', () => {
  // Half as high, a third as wide; the batch is padded beyond [10, 20].
  const boxes = originalBoxes([2, 1, 10, 5, -1, 0, 25, 12], [10, 20], [20, 60]);
  expect([...boxes]).toEqual([6, 2, 30, 10, 0, 0, 60, 20]);
});
