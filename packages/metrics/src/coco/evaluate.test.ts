import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type CocoDetection,
  type CocoMeasure,
  type CocoObject,
  type CocoResult,
  evaluateCoco,
} from './evaluate.ts';
import type { Area } from './match.ts';
import type { BoxXywh } from './overlap.ts';
import { polygonsToRle } from './polygon.ts';
import { countsFrom, maskBox, type Rle } from './rle.ts';

interface Numbers {
  readonly stats: readonly number[];
  readonly per_category: Readonly<Record<string, Partial<Record<CocoMeasure, number>>>>;
  readonly precision_checks: readonly {
    readonly area: Area;
    readonly maxDets: 1 | 10 | 100;
    readonly absent_cells: number;
    readonly sum_per_threshold: readonly number[];
    readonly score_sum: number;
    readonly recall_sum_per_threshold: readonly number[];
  }[];
}

interface Found {
  readonly image_id: number;
  readonly category_id: number;
  readonly score: number;
  readonly bbox?: BoxXywh;
  readonly segmentation?: { readonly size: [number, number]; readonly counts: string };
}

interface EdgeCase {
  readonly name: string;
  readonly ground_truth: {
    readonly images: readonly { id: number; width: number; height: number }[];
    readonly categories: readonly { id: number }[];
    readonly annotations: readonly {
      image_id: number;
      category_id: number;
      bbox: BoxXywh;
      area: number;
      iscrowd: number;
      segmentation: number[][] | { size: [number, number]; counts: number[] };
    }[];
  };
  readonly detections: readonly Found[];
  readonly bbox: Numbers;
  readonly segm_detections?: readonly Found[];
  readonly segm?: Numbers;
}

const cases = JSON.parse(
  readFileSync(new URL('../../fixtures/coco_edge_cases.json', import.meta.url), 'utf8'),
) as EdgeCase[];

const ORDER: readonly CocoMeasure[] = [
  'AP',
  'AP50',
  'AP75',
  'APs',
  'APm',
  'APl',
  'AR1',
  'AR10',
  'AR100',
  'ARs',
  'ARm',
  'ARl',
];

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

function truthsOf({ ground_truth: { images, annotations } }: EdgeCase): CocoObject[] {
  const sizes = new Map(images.map(({ id, width, height }) => [id, [height, width] as const]));
  return annotations.map(({ image_id, category_id, bbox, area, iscrowd, segmentation }) => {
    const [height, width] = sizes.get(image_id)!;
    const mask: Rle = Array.isArray(segmentation)
      ? polygonsToRle(segmentation, height, width)
      : { size: segmentation.size, counts: countsFrom(segmentation.counts, segmentation.size, 'test') };
    return { image: image_id, category: category_id, box: bbox, area, crowd: iscrowd === 1, mask };
  });
}

function detectionsOf(found: readonly Found[]): CocoDetection[] {
  return found.map(({ image_id: image, category_id: category, score, bbox, segmentation }) => {
    if (segmentation === undefined) return { image, category, score, box: bbox! };
    const { size, counts } = segmentation;
    const mask: Rle = { size, counts: countsFrom(counts, size, 'test') };
    return { image, category, score, mask, box: maskBox(mask) };
  });
}

function expectNumbers(result: CocoResult, expected: Numbers, categories: readonly number[]): void {
  ORDER.forEach((measure, n) => {
    expect(result.all[measure] ?? -1, measure).toBeCloseTo(expected.stats[n]!, 8);
  });
  for (const [category, numbers] of Object.entries(expected.per_category)) {
    for (const [measure, value] of Object.entries(numbers)) {
      const found = result.byCategory.get(Number(category))![measure as CocoMeasure];
      expect(found ?? -1, `${category} ${measure}`).toBeCloseTo(value, 8);
    }
  }
  for (const check of expected.precision_checks) {
    const curves = categories.map((category) => result.curve(category, check.area, check.maxDets));
    const there = curves.filter((curve) => curve !== undefined);
    expect((curves.length - there.length) * 1010).toBe(check.absent_cells);
    check.sum_per_threshold.forEach((expectedSum, t) => {
      const found = sum(there.map(({ precision_TR }) => sum(precision_TR.subarray(t * 101, (t + 1) * 101))));
      // Sums of a hundred numbers, given with nine digits.
      expect(Math.abs(found - expectedSum)).toBeLessThan(1e-6);
      const recall = sum(there.map(({ recall_T }) => recall_T[t]!));
      expect(recall).toBeCloseTo(check.recall_sum_per_threshold[t]!, 7);
    });
    const scores = sum(there.map(({ scores_TR }) => sum(scores_TR)));
    expect(Math.abs(scores - check.score_sum)).toBeLessThan(1e-5 * Math.max(1, check.score_sum));
  }
}

describe('against pycocotools', () => {
  test.each(cases.map((edge) => [edge.name, edge] as const))('%s', (_, edge) => {
    const images = edge.ground_truth.images.map(({ id }) => id);
    const categories = edge.ground_truth.categories.map(({ id }) => id).sort((a, b) => a - b);
    const truths = truthsOf(edge);
    const boxes = evaluateCoco(truths, detectionsOf(edge.detections), { of: 'boxes', images, categories });
    expectNumbers(boxes, edge.bbox, categories);
    if (edge.segm === undefined || edge.segm_detections === undefined) return;
    const found = detectionsOf(edge.segm_detections);
    expectNumbers(evaluateCoco(truths, found, { of: 'masks', images, categories }), edge.segm, categories);
  });
});

describe('refuses', () => {
  const object: CocoObject = { image: 1, category: 1, box: [0, 0, 4, 4], area: 16, crowd: false };
  const detection: CocoDetection = { image: 1, category: 1, score: 0.5, box: [0, 0, 4, 4] };
  test.each([
    ['results of another data set', { ...detection, image: 9 }, 'boxes', 'image 9'],
    ['an unknown category', { ...detection, category: 7 }, 'boxes', 'category 7'],
    ['a score that is no number', { ...detection, score: Number.NaN }, 'boxes', 'no number'],
    ['a missing mask', detection, 'masks', 'no mask'],
  ] as const)('%s', (_, wrong, of, what) => {
    const mask: Rle = { size: [4, 4], counts: Uint32Array.of(0, 16) };
    const evaluate = (): unknown =>
      evaluateCoco([{ ...object, mask }], [wrong], { of, images: [1], categories: [1] });
    expect(evaluate).toThrowError(expect.objectContaining({ code: 'bad-data' }));
    expect(evaluate).toThrowError(what);
  });
});
