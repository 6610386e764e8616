import { expect, test } from 'vitest';
import { fixture, type Rows } from '../test/fixtures.ts';
import { pyramidLevels } from './levels.ts';

test('boxes are looked up where mmdetection and detectron2 look', () => {
  const { boxes, ...expected } = fixture<{
    readonly boxes: Rows;
    readonly level_mmdet_0_to_3: readonly number[];
    readonly 'level_detectron2_0_to_3 (float32)': readonly number[];
  }>('levels');
  const levels = [...pyramidLevels(boxes.flat(), { count: 4 })];
  expect(levels).toEqual(expected.level_mmdet_0_to_3);
  expect(levels).toEqual(expected['level_detectron2_0_to_3 (float32)']);
});
