import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { fixture, type Rows } from '../test/fixtures.ts';
import { overlap } from './boxes.ts';
import { bySize, nms } from './nms.ts';

interface Case {
  readonly boxes: Rows;
  readonly scores: readonly number[];
  readonly classes: readonly number[];
  readonly iou_threshold: number;
  readonly keep_class_agnostic: readonly number[];
  readonly keep_class_wise: readonly number[];
}
const { cases } = fixture<{ readonly cases: readonly Case[] }>('nms');

describe("what stays is what torchvision's suppression keeps", () => {
  test.each(cases.map((one, i) => [i, one] as const))('case %i', (_, one) => {
    const options = { threshold: one.iou_threshold };
    expect([...nms(one.boxes.flat(), one.scores, options)]).toEqual(one.keep_class_agnostic);
    const perClass = nms(one.boxes.flat(), one.scores, { ...options, classes: one.classes });
    // The reference orders equal scores by chance there.
    const byIndex = [...one.keep_class_wise].sort((a, b) => one.scores[b]! - one.scores[a]! || a - b);
    expect([...perClass]).toEqual(byIndex);
    expect([...nms(one.boxes.flat(), one.scores, { ...options, limit: 3 })]).toEqual(
      one.keep_class_agnostic.slice(0, 3),
    );
  });
});

test('no two that stay overlap, and each that goes overlaps a surer one that stays', () => {
  const rng = Rng.fromSeed(5);
  const boxes = Array.from({ length: 120 }, () => {
    const [x, y, width, height] = rng.uniforms(4, 1, 20);
    return [x!, y!, x! + width!, y! + height!];
  }).flat();
  const scores = rng.uniforms(120, 0, 1);
  const kept = [...nms(boxes, scores, { threshold: 0.4 })];
  for (let i = 0; i < 120; i++) {
    const surer = kept.filter(
      (k) => k !== i && scores[k]! >= scores[i]! && overlap(boxes, i, boxes, k) > 0.4,
    );
    expect(surer.length > 0).toBe(!kept.includes(i));
  }
});

test('of equal values the lower index comes first', () => {
  expect([...bySize([1, 3, 3, 2])]).toEqual([1, 2, 3, 0]);
});

test('the largest few are the first of all, also where they are equal', () => {
  const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9];
  for (let limit = 0; limit <= values.length + 1; limit++)
    expect([...bySize(values, limit)]).toEqual([...bySize(values)].slice(0, limit));
});
