// The sizes that detectron2, mmdetection and DETR bring images to.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fittedSize, paddedSide, resizedSize, type Size } from '@ma-net/data';

interface Sizes {
  readonly rows: readonly ({ readonly h: number; readonly w: number } & Record<string, unknown>)[];
  readonly pad_to_32: readonly { readonly hw: Size; readonly padded: Size }[];
}
const { rows, pad_to_32 } = JSON.parse(
  readFileSync(new URL('../fixtures/sizes.json', import.meta.url), 'utf8'),
) as Sizes;
const rules = Object.keys(rows[0]!).filter((key) => /^\d+_\d+$/.test(key));

describe.each(rules)('shorter_longest = %s', (rule) => {
  const [shorter, longest] = rule.split('_').map(Number) as [number, number];
  test.each([
    ['detectron2', 'detectron2'],
    ['mmdetection', 'mmdet'],
    ['detr', 'detr'],
  ] as const)('sizes are those of %s', (rounding, key) => {
    for (const row of rows) {
      const expected = (row[rule] as Record<string, Size>)[key];
      expect([row.h, row.w, resizedSize([row.h, row.w], { shorter, longest, rounding })]).toEqual([
        row.h,
        row.w,
        expected,
      ]);
    }
  });
});

test('sides are padded to a multiple', () => {
  for (const { hw, padded } of pad_to_32) expect(hw.map((side) => paddedSide(side, 32))).toEqual(padded);
});

test('an image is no larger than there is room for', () => {
  const rule = { shorter: 100, longest: 400, rounding: 'detectron2' } as const;
  expect(fittedSize([50, 100], rule, [128, 256])).toEqual([100, 200]);
  expect(fittedSize([50, 100], rule, [128, 150])).toEqual([75, 150]);
  expect(fittedSize([1, 900], rule, [32, 32])).toEqual([1, 32]);
});
