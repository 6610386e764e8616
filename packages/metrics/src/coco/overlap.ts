// How much a detection and an object have in common. With a crowd the union is the detection alone: whatever of
// it lies in the crowd counts.

import { maskArea, maskBox, maskIntersection, type Rle } from './rle.ts';

export type BoxXywh = readonly [number, number, number, number];

/** Intersection over union of two boxes [x, y, width, height], without a border of one pixel. */
export function boxOverlap(detection: BoxXywh, truth: BoxXywh, crowd: boolean): number {
  const width = Math.min(detection[0] + detection[2], truth[0] + truth[2]) - Math.max(detection[0], truth[0]);
  if (width <= 0) return 0;
  const height =
    Math.min(detection[1] + detection[3], truth[1] + truth[3]) - Math.max(detection[1], truth[1]);
  if (height <= 0) return 0;
  const both = width * height;
  const own = detection[2] * detection[3];
  return both / (crowd ? own : own + truth[2] * truth[3] - both);
}

/** A mask with what its overlaps need, computed once. */
export interface MeasuredMask {
  readonly rle: Rle;
  readonly area: number;
  readonly box: BoxXywh;
}

export function measureMask(rle: Rle): MeasuredMask {
  return { rle, area: maskArea(rle), box: maskBox(rle) };
}

/** Intersection over union of two masks of one size. */
export function maskOverlap(detection: MeasuredMask, truth: MeasuredMask, crowd: boolean): number {
  if (boxOverlap(detection.box, truth.box, crowd) <= 0) return 0;
  const both = maskIntersection(detection.rle, truth.rle);
  return both === 0 ? 0 : both / (crowd ? detection.area : detection.area + truth.area - both);
}
