import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { expectNear, fixture, type Rows } from '../test/fixtures.ts';
import { boxAreas, boxGiou, boxIou, centresOf, clipBoxes, cornersOf, countBoxes, overlap } from './boxes.ts';

interface Iou {
  readonly a_xyxy: Rows;
  readonly b_xyxy: Rows;
  readonly iou: Rows;
  readonly giou: Rows;
  readonly area_a: readonly number[];
}
const { a_xyxy, b_xyxy, iou, giou, area_a } = fixture<Iou>('iou');
const [a, b] = [a_xyxy.flat(), b_xyxy.flat()];

describe("boxes agree with torchvision's", () => {
  test('areas', () => expectNear(boxAreas(a), area_a));
  test('intersection over union', () => {
    expectNear(boxIou(a, b), iou.flat());
    expect(overlap(a, 1, b, 1)).toBeCloseTo(iou[1]![1]!, 7);
  });
  test('generalised intersection over union', () => expectNear(boxGiou(a, b), giou.flat()));
});

test('the overlap of a box with itself is 1, of touching and of empty boxes 0', () => {
  const boxes = [0, 0, 2, 2, 2, 0, 4, 2, 1, 1, 1, 1];
  expect([...boxIou(boxes, boxes)]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0]);
});

test('centres and corners are each other undone', () => {
  const boxes = Float32Array.from(Rng.fromSeed(3).uniforms(400, 0, 100));
  expect(countBoxes(boxes)).toBe(100);
  expectNear(cornersOf(centresOf(boxes)), [...boxes], 1e-6);
  expect([...centresOf([10, 20, 14, 30])]).toEqual([12, 25, 4, 10]);
});

test('clipped boxes lie in the image', () => {
  expect([...clipBoxes([-5, -6, 300, 40, 10, 20, 30, 400], 100, 200)]).toEqual([
    0, 0, 200, 40, 10, 20, 30, 100,
  ]);
});
