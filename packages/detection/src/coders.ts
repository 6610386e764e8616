// How a detector writes boxes: as a shift and a scaling of an anchor, or as distances to the four sides.

import { type Boxes, countBoxes } from './boxes.ts';

export interface DeltaOptions {
  /** What the four numbers are divided by: (1, 1, 1, 1) for proposals, (0.1, 0.1, 0.2, 0.2) for the R-CNN head. */
  readonly stds: readonly [number, number, number, number];
  /** Which ends of a scaling are held: mmdetection holds both, detectron2 and torchvision the upper one. */
  readonly clamp: 'both' | 'above';
}

/** The largest logarithm of a scaling: a box may be 1000 / 16 times its anchor. */
export const LARGEST_SCALING = Math.log(1000 / 16);

/**
 * (dx, dy, dw, dh) [N, 4] that take anchor `i` to box `i` (Girshick et al. 2014, appendix C): the shift of the centre in
 * sides of the anchor, and the logarithm of the scaling. A box without area has no finite code.
 */
export function encodeDeltas(
  anchors: Boxes,
  boxes: Boxes,
  { stds }: Pick<DeltaOptions, 'stds'>,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: anchors.length }, (_, k) => {
    const [first, axis] = [k - (k % 4), k % 2];
    const [from, to] = [spanOf(anchors, first + axis), spanOf(boxes, first + axis)];
    const delta = k % 4 < 2 ? (to.centre - from.centre) / from.side : Math.log(to.side / from.side);
    return delta / stds[k % 4]!;
  });
}

/** The boxes [N, 4] that `deltas` [N, 4] make of `anchors` [N, 4]. */
export function decodeDeltas(
  anchors: Boxes,
  deltas: ArrayLike<number>,
  { stds, clamp }: DeltaOptions,
): Float32Array<ArrayBuffer> {
  const lowest = clamp === 'both' ? -LARGEST_SCALING : -Infinity;
  const boxes = new Float32Array(anchors.length);
  for (let k = 0; k < anchors.length; k++) {
    if (k % 4 > 1) continue;
    const { centre, side } = spanOf(anchors, k);
    const middle = centre + deltas[k]! * stds[k % 4]! * side;
    const scaling = Math.min(Math.max(deltas[k + 2]! * stds[(k % 4) + 2]!, lowest), LARGEST_SCALING);
    const half = (side * Math.exp(scaling)) / 2;
    boxes[k] = middle - half;
    boxes[k + 2] = middle + half;
  }
  return boxes;
}

/** The boxes [N, 4] whose sides lie `distances` [N, 4] (left, top, right, bottom, in pixels) from `points` [N, 2] (x, y). */
export function decodeDistances(
  points: ArrayLike<number>,
  distances: ArrayLike<number>,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: 4 * (points.length / 2) }, (_, k) => {
    const point = points[2 * Math.floor(k / 4) + (k % 2)]!;
    return k % 4 < 2 ? point - distances[k]! : point + distances[k]!;
  });
}

/** Distances [N, 4] from `points` [N, 2] to the sides of box `i`; negative outside of it. */
export function encodeDistances(points: ArrayLike<number>, boxes: Boxes): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: 4 * countBoxes(boxes) }, (_, k) => {
    const point = points[2 * Math.floor(k / 4) + (k % 2)]!;
    return k % 4 < 2 ? point - boxes[k]! : boxes[k]! - point;
  });
}

/** Along the axis of side `k`, which is a lower one. */
function spanOf(boxes: Boxes, k: number): { readonly centre: number; readonly side: number } {
  const [low, high] = [boxes[k]!, boxes[k + 2]!];
  return { centre: (low + high) / 2, side: high - low };
}
