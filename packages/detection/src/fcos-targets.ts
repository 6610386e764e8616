// What FCOS is to say at every point (Tian et al. 2019, section 3.1; centre sampling as in AdelaiDet).

import { gridPoints } from './anchors.ts';
import { BACKGROUND } from './match.ts';

export interface FcosLevelSize {
  readonly height: number;
  readonly width: number;
  readonly stride: number;
}

export interface FcosTargetOptions {
  /** The largest distance to a side that each level but the last is asked for; the next begins there. */
  readonly ranges: readonly number[];
  /** Points this many strides from the centre of a box, along both axes, stand for it; 1.5 unless given. */
  readonly radius?: number;
}

/** AdelaiDet's ranges, for strides of 8 to 128. */
export const FCOS_RANGES: readonly number[] = [64, 128, 256, 512];

/** Objects of an image. */
export interface FcosObjects {
  /** [N, 4], x0, y0, x1, y1 in pixels. */
  readonly boxes: ArrayLike<number>;
  /** [N]; below 0 is padding. */
  readonly labels: ArrayLike<number>;
  /** [N, 2], x, y: where the middle of each is; of its box unless given. CondInst takes that of the mask. */
  readonly centres?: ArrayLike<number>;
}

/** At the points of all levels, one level after the other. */
export interface FcosTargets {
  /** [P]: the object that a point stands for, or `BACKGROUND`; of several the smallest. */
  readonly objects: Int32Array<ArrayBuffer>;
  /** [P, 4]: distances to the sides of its box, in strides of the level; 0 where there is none. */
  readonly distances: Float32Array<ArrayBuffer>;
}

export function fcosTargets(
  levels: readonly FcosLevelSize[],
  { boxes, labels, centres }: FcosObjects,
  { ranges, radius = 1.5 }: FcosTargetOptions,
): FcosTargets {
  const count = levels.reduce((sum, { height, width }) => sum + height * width, 0);
  const objects = new Int32Array(count).fill(BACKGROUND);
  const distances = new Float32Array(4 * count);
  let p = 0;
  for (const [l, level] of levels.entries()) {
    const points = gridPoints(level);
    const [least, most] = [l === 0 ? -1 : ranges[l - 1]!, ranges[l] ?? Infinity];
    for (let k = 0; k < points.length; k += 2, p++) {
      const [x, y] = [points[k]!, points[k + 1]!];
      let smallest = Infinity;
      for (let n = 0; n < labels.length; n++) {
        if (labels[n]! < 0) continue;
        const [x0, y0, x1, y1] = [boxes[4 * n]!, boxes[4 * n + 1]!, boxes[4 * n + 2]!, boxes[4 * n + 3]!];
        const [cx, cy] =
          centres === undefined ? [(x0 + x1) / 2, (y0 + y1) / 2] : [centres[2 * n]!, centres[2 * n + 1]!];
        const reach = radius * level.stride;
        const inside =
          x > Math.max(cx - reach, x0) &&
          x < Math.min(cx + reach, x1) &&
          y > Math.max(cy - reach, y0) &&
          y < Math.min(cy + reach, y1);
        const sides = [x - x0, y - y0, x1 - x, y1 - y];
        const furthest = Math.max(...sides);
        const area = (x1 - x0) * (y1 - y0);
        if (!inside || furthest < least || furthest > most || area >= smallest) continue;
        smallest = area;
        objects[p] = n;
        sides.forEach((side, s) => (distances[4 * p + s] = side / level.stride));
      }
    }
  }
  return { objects, distances };
}
