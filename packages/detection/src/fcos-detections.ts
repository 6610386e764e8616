// From what FCOS says of an image to boxes.

import { gridPoints } from './anchors.ts';
import { decodeDistances } from './coders.ts';
import type { FcosLevelSize } from './fcos-targets.ts';
import { bySize, nms } from './nms.ts';

/** Of one image at one level, as the head says it, row by row. */
export interface FcosHostLevel extends FcosLevelSize {
  readonly cls: ArrayLike<number>;
  readonly ltrb: ArrayLike<number>;
  readonly ctr: ArrayLike<number>;
}

export interface FcosDetectionOptions {
  /** Scores up to this are no detections; 0.05 unless given. */
  readonly threshold?: number;
  /** Whether centerness counts before the threshold: CondInst says yes, plain FCOS no. */
  readonly centernessFirst: boolean;
  /** Pairs of point and class that a level may hand over; 1000 unless given. */
  readonly perLevel?: number;
  /** Overlap from which on the less sure of two detections of a class goes; 0.6 unless given. */
  readonly overlap?: number;
  /** Detections of an image; 100 unless given. */
  readonly limit?: number;
}

/** The surest first. */
export interface FcosDetections {
  readonly boxes: Float32Array<ArrayBuffer>;
  /** Square roots of class times centerness. */
  readonly scores: Float32Array<ArrayBuffer>;
  readonly classes: Int32Array<ArrayBuffer>;
  /** Which level each comes from, and where on it: [N] and [N, 2], x, y. */
  readonly levels: Int32Array<ArrayBuffer>;
  readonly points: Float32Array<ArrayBuffer>;
}

export function fcosDetections(
  levels: readonly FcosHostLevel[],
  { threshold = 0.05, centernessFirst, perLevel = 1000, overlap = 0.6, limit = 100 }: FcosDetectionOptions,
): FcosDetections {
  const found: { score: number; label: number; level: number; point: [number, number]; box: number[] }[] = [];
  for (const [l, level] of levels.entries()) {
    const points = gridPoints(level);
    const classes = level.cls.length / (points.length / 2);
    const candidates: { k: number; score: number }[] = [];
    for (let k = 0; k < level.cls.length; k++) {
      const [cls, ctr] = [sigmoid(level.cls[k]!), sigmoid(level.ctr[Math.floor(k / classes)]!)];
      if ((centernessFirst ? cls * ctr : cls) > threshold) candidates.push({ k, score: cls * ctr });
    }
    const order = bySize(candidates.map(({ score }) => score)).subarray(0, perLevel);
    for (const { k, score } of Array.from(order, (i) => candidates[i]!)) {
      const p = Math.floor(k / classes);
      const point: [number, number] = [points[2 * p]!, points[2 * p + 1]!];
      const sides = Array.from({ length: 4 }, (_, s) => level.ltrb[4 * p + s]! * level.stride);
      const box = [...decodeDistances(point, sides)];
      found.push({ score: Math.sqrt(score), label: k % classes, level: l, point, box });
    }
  }
  const kept = nms(
    found.flatMap(({ box }) => box),
    found.map(({ score }) => score),
    { threshold: overlap, classes: found.map(({ label }) => label), limit },
  );
  const chosen = Array.from(kept, (i) => found[i]!);
  return {
    boxes: Float32Array.from(chosen.flatMap(({ box }) => box)),
    scores: Float32Array.from(chosen, ({ score }) => score),
    classes: Int32Array.from(chosen, ({ label }) => label),
    levels: Int32Array.from(chosen, ({ level }) => level),
    points: Float32Array.from(chosen.flatMap(({ point }) => point)),
  };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
