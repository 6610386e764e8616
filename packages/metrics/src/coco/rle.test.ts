import { readFileSync } from 'node:fs';
import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { boxOverlap, maskOverlap, measureMask } from './overlap.ts';
import { boxToRle, polygonsToRle, polygonToRle } from './polygon.ts';
import {
  countsFrom,
  countsToText,
  decodeMask,
  encodeMask,
  maskArea,
  maskBox,
  maskIntersection,
  mergeMasks,
  type Rle,
} from './rle.ts';

type Size = readonly [number, number];
const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8'));
const codeOf = (code: string): unknown => expect.objectContaining({ code });
const rleOf = (text: string, size: Size): Rle => ({ size, counts: countsFrom(text, size, 'test') });

const { masks } = read('rle_masks.json') as {
  masks: {
    kind: string;
    rows?: string[];
    size: Size;
    string: string;
    area: number;
    bbox: number[];
    counts: number[];
  }[];
};

describe('masks against pycocotools', () => {
  test.each(masks.map((mask, n) => [n, mask.kind, mask] as const))('%i %s', (_, __, mask) => {
    const [height, width] = mask.size;
    const rle = rleOf(mask.string, mask.size);
    expect([...rle.counts]).toEqual(mask.counts);
    expect(countsToText(rle.counts)).toBe(mask.string);
    expect([maskArea(rle), [...maskBox(rle)]]).toEqual([mask.area, mask.bbox]);
    if (mask.rows === undefined) return;
    const pixels = [...mask.rows.join('')].map(Number);
    expect([...encodeMask(pixels, height, width).counts]).toEqual(mask.counts);
    expect([...decodeMask(rle)]).toEqual(pixels);
  });
});

describe('drawing against pycocotools', () => {
  const { polygons, boxes } = read('rle_polygons.json') as {
    polygons: {
      name: string;
      height: number;
      width: number;
      polygons: number[][];
      parts: string[];
      merged: { string: string };
    }[];
    boxes: Record<string, unknown>[];
  };
  test.each(polygons.map((set) => [set.name, set] as const))('%s', (_, { height, width, ...set }) => {
    set.polygons.forEach((points, part) => {
      expect(countsToText(polygonToRle(points, height, width).counts)).toBe(set.parts[part]);
    });
    expect(countsToText(polygonsToRle(set.polygons, height, width).counts)).toBe(set.merged.string);
  });

  test.each(boxes)('the box $box_xywh', (box) => {
    const [height, width] = [box['height'], box['width']] as [number, number];
    expect(countsToText(boxToRle(box['box_xywh'] as number[], height, width).counts)).toBe(box['string']);
  });
});

describe('overlaps against pycocotools', () => {
  const oracle = read('rle_iou_merge.json') as {
    size: Size;
    detections: string[];
    ground_truth: string[];
    crowd: number[];
    iou_all_plain: number[][];
    iou_with_crowd: number[][];
    boxes_xywh_detections: [number, number, number, number][];
    boxes_xywh_ground_truth: [number, number, number, number][];
    boxes_crowd: number[];
    boxes_iou: number[][];
    boxes_iou_plain: number[][];
    merge_union: { of: number[]; string: string }[];
    merge_intersection: { of: number[]; string: string }[];
    all: string[];
  };
  const measured = (texts: string[]) => texts.map((text) => measureMask(rleOf(text, oracle.size)));

  test('of masks and boxes', () => {
    const [found, truths] = [measured(oracle.detections), measured(oracle.ground_truth)];
    found.forEach((d, i) => {
      truths.forEach((g, j) => {
        expect(maskOverlap(d, g, false)).toBeCloseTo(oracle.iou_all_plain[i]![j]!, 8);
        expect(maskOverlap(d, g, oracle.crowd[j] === 1)).toBeCloseTo(oracle.iou_with_crowd[i]![j]!, 8);
      });
    });
    oracle.boxes_xywh_detections.forEach((d, i) => {
      oracle.boxes_xywh_ground_truth.forEach((g, j) => {
        expect(boxOverlap(d, g, false)).toBeCloseTo(oracle.boxes_iou_plain[i]![j]!, 8);
        expect(boxOverlap(d, g, oracle.boxes_crowd[j] === 1)).toBeCloseTo(oracle.boxes_iou[i]![j]!, 8);
      });
    });
  });

  test('unions and intersections', () => {
    const all = oracle.all.map((text) => rleOf(text, oracle.size));
    for (const how of ['union', 'intersection'] as const) {
      for (const { of, string } of [oracle[`merge_${how}`]].flat()) {
        const merged = mergeMasks(
          of.map((n) => all[n]!),
          how,
        );
        expect(countsToText(merged.counts)).toBe(string);
      }
    }
  });
});

describe('random masks', () => {
  test.each(Array.from({ length: 20 }, (_, i) => i + 1))('come back from runs and from text (%i)', (seed) => {
    const rng = Rng.fromSeed(seed);
    const [height, width] = [1 + rng.integer(40), 1 + rng.integer(40)];
    const part = rng.uniform();
    const pixels = Array.from({ length: height * width }, () => Number(rng.uniform() < part));
    const rle = encodeMask(pixels, height, width);
    expect([...decodeMask(rle)]).toEqual(pixels);
    expect(rleOf(countsToText(rle.counts), rle.size)).toEqual(rle);
    expect(maskArea(rle)).toBe(pixels.reduce((a, b) => a + b, 0));
  });
});

describe('two random masks', () => {
  test.each(Array.from({ length: 20 }, (_, i) => i + 1))('|A| + |B| = |A or B| + |A and B| (%i)', (seed) => {
    const rng = Rng.fromSeed(seed).split('pairs');
    const [height, width] = [1 + rng.integer(30), 1 + rng.integer(30)];
    const draw = (): Rle =>
      encodeMask(
        Array.from({ length: height * width }, () => Number(rng.uniform() < 0.4)),
        height,
        width,
      );
    const [a, b] = [draw(), draw()];
    const both = maskIntersection(a, b);
    expect(both).toBe(maskArea(mergeMasks([a, b], 'intersection')));
    expect(maskArea(a) + maskArea(b)).toBe(maskArea(mergeMasks([a, b], 'union')) + both);
  });
});

describe('refuses', () => {
  test.each([
    ['runs of another size', [3, 2], 'add up to 5'],
    ['a negative run', [7, -1], 'run of -1'],
    ['text that ends in the middle', 'h', 'character 1'],
    ['text of other characters', 'caf\u00e9', 'character 3'],
    ['text of endless numbers', 'ooooooooo', 'character'],
  ])('%s', (_, counts, what) => {
    expect(() => countsFrom(counts, [2, 3], 'annotation 7')).toThrowError(codeOf('bad-data'));
    expect(() => countsFrom(counts, [2, 3], 'annotation 7')).toThrowError(what);
  });

  test('merging nothing', () => {
    expect(() => mergeMasks([], 'union')).toThrowError(codeOf('bad-argument'));
  });
});
