// Polygons to run lengths, pixel for pixel as the COCO tools draw them: the outline is walked on a grid five
// times as fine, every crossing of a column's centre is noted, and what lies between two crossings is inside.

import { mergeMasks, type Rle } from './rle.ts';

const SCALE = 5;

/** Draws one polygon, x and y in turn, in pixels of an image [height, width]. */
export function polygonToRle(points: readonly number[], height: number, width: number): Rle {
  const corners = points.length >> 1;
  const fine = (value: number): number => Math.trunc(SCALE * value + 0.5);
  const xs = Array.from({ length: corners + 1 }, (_, i) => fine(points[2 * (i % corners)]!));
  const ys = Array.from({ length: corners + 1 }, (_, i) => fine(points[2 * (i % corners) + 1]!));

  const crossings: number[] = [];
  let [lastU, lastV] = [Number.NaN, Number.NaN];
  const visit = (u: number, v: number): void => {
    if (!Number.isNaN(lastU) && u !== lastU) {
      const x = ((u < lastU ? u : u - 1) + 0.5) / SCALE - 0.5;
      if (Number.isInteger(x) && x >= 0 && x <= width - 1) {
        const y = (Math.min(v, lastV) + 0.5) / SCALE - 0.5;
        crossings.push(x * height + Math.ceil(Math.min(Math.max(y, 0), height)));
      }
    }
    [lastU, lastV] = [u, v];
  };
  for (let i = 0; i < corners; i++) edge(xs[i]!, ys[i]!, xs[i + 1]!, ys[i + 1]!, visit);
  return { size: [height, width], counts: runsBetween(crossings, height * width) };
}

/** Visits every point of the fine grid on a line; along its longer side, from left or from the top. */
function edge(x0: number, y0: number, x1: number, y1: number, visit: (u: number, v: number) => void): void {
  const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  const flat = dx >= dy;
  const flip = flat ? x0 > x1 : y0 > y1;
  const [xs, ys, xe, ye] = flip ? [x1, y1, x0, y0] : [x0, y0, x1, y1];
  const length = flat ? dx : dy;
  const slope = length === 0 ? 0 : (flat ? ye - ys : xe - xs) / length;
  for (let d = 0; d <= length; d++) {
    const t = flip ? length - d : d;
    if (flat) visit(t + xs, Math.trunc(ys + slope * t + 0.5));
    else visit(Math.trunc(xs + slope * t + 0.5), t + ys);
  }
}

/** From the positions at which inside and outside change to runs; positions that meet cancel out. */
function runsBetween(positions: number[], pixels: number): Uint32Array {
  const steps = [...positions, pixels].sort((a, b) => a - b);
  for (let i = steps.length - 1; i > 0; i--) steps[i]! -= steps[i - 1]!;
  const counts = [steps[0]!];
  for (let i = 1; i < steps.length; i++) {
    if (steps[i]! > 0) counts.push(steps[i]!);
    else if (++i < steps.length) counts[counts.length - 1]! += steps[i]!;
  }
  return Uint32Array.from(counts);
}

/** Draws the parts of one object, each a polygon, as one mask. */
export function polygonsToRle(parts: readonly (readonly number[])[], height: number, width: number): Rle {
  return mergeMasks(
    parts.map((points) => polygonToRle(points, height, width)),
    'union',
  );
}

/** Draws a box [x, y, width, height]. */
export function boxToRle(box_xywh: readonly number[], height: number, width: number): Rle {
  const [x0, y0] = [box_xywh[0]!, box_xywh[1]!];
  const [x1, y1] = [x0 + box_xywh[2]!, y0 + box_xywh[3]!];
  return polygonToRle([x0, y0, x0, y1, x1, y1, x1, y0], height, width);
}
