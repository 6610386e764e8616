import { describe, expect, test } from 'vitest';
import { fixture, type Rows } from '../test/fixtures.ts';
import { baseAnchors, gridAnchors } from './anchors.ts';
import { type Boxes, boxIou, countBoxes } from './boxes.ts';
import { BACKGROUND, IGNORED, matchBoxes, sampleMatches } from './match.ts';

interface Case {
  readonly name: string;
  readonly ground_truth: Rows;
  readonly pos_iou: number;
  readonly neg_iou: number;
  readonly min_pos_iou: number;
  readonly match_low_quality: boolean;
  readonly 'proposals (ground truth appended last)'?: Rows;
  readonly 'mmdet_gt_index_plus_1 (0 negative, -1 ignored)': readonly number[];
  readonly detectron2_match: readonly number[];
  readonly detectron2_label: readonly number[];
  readonly random: readonly number[];
  readonly sample_num: number;
  readonly sample_positive_fraction: number;
  readonly 'sampled_positive (mmdet labels)': readonly number[];
  readonly 'sampled_negative (mmdet labels)': readonly number[];
}
const { cases } = fixture<{ readonly cases: readonly Case[] }>('assign');

/** Of an image of 96 x 128 pixels. */
const anchors = [8, 16, 32].flatMap((stride) => [
  ...gridAnchors(baseAnchors({ sizes: [4 * stride], ratios: [0.5, 1, 2] }), {
    height: 96 / stride,
    width: 128 / stride,
    stride,
  }),
]);

describe.each(cases)('$name', (one) => {
  const candidates = one['proposals (ground truth appended last)']?.flat() ?? anchors;
  const objects = one.ground_truth.flat();
  const options = { positive: one.pos_iou, negative: one.neg_iou };
  const matched = matchBoxes(candidates, objects, {
    ...options,
    ...(one.match_low_quality ? { nearest: { rule: 'mmdetection', from: one.min_pos_iou } } : {}),
  });

  test("mmdetection's assigner", () => {
    const expected = one['mmdet_gt_index_plus_1 (0 negative, -1 ignored)'];
    expect([...matched].map((match) => (match === IGNORED ? -1 : match + 1))).toEqual(expected);
  });

  test("detectron2's matcher", () => {
    const found = matchBoxes(candidates, objects, {
      ...options,
      ...(one.match_low_quality ? { nearest: { rule: 'detectron2' } } : {}),
    });
    const label = (match: number): number => (match === IGNORED ? -1 : match === BACKGROUND ? 0 : 1);
    const undecided = nearlyNearest(candidates, objects);
    const labels = [...found].map(label);
    expect(labels.filter((_, i) => !undecided.has(i))).toEqual(
      one.detectron2_label.filter((_, i) => !undecided.has(i)),
    );
    for (const [i, match] of found.entries())
      if (match >= 0 && !undecided.has(i)) expect(match).toBe(one.detectron2_match[i]);
  });

  test('the sample is drawn by the random numbers', () => {
    const { positive, negative } = sampleMatches(matched, one.random, {
      size: one.sample_num,
      positiveFraction: one.sample_positive_fraction,
    });
    expect([...positive]).toEqual(one['sampled_positive (mmdet labels)']);
    expect([...negative]).toEqual(one['sampled_negative (mmdet labels)']);
  });
});

/** Candidates that differ from the nearest one of an object by rounding alone. */
function nearlyNearest(candidates: Boxes, objects: Boxes): ReadonlySet<number> {
  const count = countBoxes(objects);
  const overlaps = Float32Array.from(boxIou(candidates, objects));
  const top = Array.from({ length: count }, (_, j) =>
    overlaps.reduce((most, value, k) => (k % count === j ? Math.max(most, value) : most), 0),
  );
  const near = [...overlaps.keys()].filter((k) => {
    const most = top[k % count]!;
    return overlaps[k]! !== most && most - overlaps[k]! < 1e-6 * most;
  });
  return new Set(near.map((k) => Math.floor(k / count)));
}
