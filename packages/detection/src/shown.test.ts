import { encodeMask } from '@ma-net/metrics';
import { expect, test } from 'vitest';
import { shownDetections } from './shown.ts';

test('every detection is shown with its box, and with its mask where there is one', () => {
  const found = {
    boxes: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    labels: Int32Array.of(3, 1),
    scores: Float32Array.of(0.5, 0.25),
  };
  const masks = [encodeMask(Uint8Array.of(1, 0), 1, 2), encodeMask(Uint8Array.of(0, 1), 1, 2)];
  expect(shownDetections(found).objects).toEqual([
    { label: 3, score: 0.5, box: [0, 1, 2, 3] },
    { label: 1, score: 0.25, box: [4, 5, 6, 7] },
  ]);
  expect(shownDetections({ ...found, masks }).objects!.map(({ mask }) => mask)).toEqual(masks);
});
