import { expect, test } from 'vitest';
import { expectNear, fixture, type Rows } from '../test/fixtures.ts';
import { baseAnchors, gridAnchors, gridPoints } from './anchors.ts';

interface Level {
  readonly stride: number;
  readonly grid_hw: readonly [number, number];
  readonly count: number;
  readonly base_anchors: Rows;
  readonly 'base_anchors_rounded (torchvision)': Rows;
  readonly first_6: Rows;
  readonly last_3: Rows;
  readonly sum_x0_y0_x1_y1: readonly number[];
  readonly sampled_index: readonly number[];
  readonly sampled: Rows;
}
interface Anchors {
  readonly ratios_h_over_w: readonly number[];
  readonly levels: readonly Level[];
  readonly 'small_grid_1x2_sizes_32_64_ratios_.25_1_4_stride_4': Readonly<
    Record<'offset_0' | 'offset_0.5', Rows>
  >;
}
const { ratios_h_over_w: ratios, levels, ...others } = fixture<Anchors>('anchors');

test.each(levels)("anchors of stride $stride are detectron2's and mmdetection's", (level) => {
  const options = { sizes: [8 * level.stride], ratios };
  const base = baseAnchors(options);
  expectNear(base, level.base_anchors.flat());
  expect([...baseAnchors({ ...options, rounded: true })]).toEqual(
    level['base_anchors_rounded (torchvision)'].flat(),
  );

  const [height, width] = level.grid_hw;
  const anchors = gridAnchors(base, { height, width, stride: level.stride });
  expect(anchors.length).toBe(4 * level.count);
  expectNear(anchors.subarray(0, 24), level.first_6.flat());
  expectNear(anchors.subarray(-12), level.last_3.flat());
  const sampled = level.sampled_index.flatMap((i) => [...anchors.subarray(4 * i, 4 * i + 4)]);
  expectNear(sampled, level.sampled.flat());
  const sums = [0, 0, 0, 0];
  for (const [k, side] of anchors.entries()) sums[k % 4]! += side;
  expectNear(sums, level.sum_x0_y0_x1_y1);
});

test('several sizes, in the corner and in the middle of a cell', () => {
  const base = baseAnchors({ sizes: [32, 64], ratios: [0.25, 1, 4] });
  const grid = { height: 1, width: 2, stride: 4 };
  const expected = others['small_grid_1x2_sizes_32_64_ratios_.25_1_4_stride_4'];
  expectNear(gridAnchors(base, grid), expected.offset_0.flat());
  expectNear(gridAnchors(base, { ...grid, offset: 0.5 }), expected['offset_0.5'].flat());
});

test('points lie in the middle of their cells, x first', () => {
  expect([...gridPoints({ height: 2, width: 3, stride: 8 })]).toEqual([
    4, 4, 12, 4, 20, 4, 4, 12, 12, 12, 20, 12,
  ]);
});

test('anchors may stand further apart across than down', () => {
  const anchors = gridAnchors([0, 0, 1, 1], { height: 2, width: 2, stride: [10, 7] });
  expect([...anchors]).toEqual([0, 0, 1, 1, 7, 0, 8, 1, 0, 10, 1, 11, 7, 10, 8, 11]);
});
