// Non-maximum suppression: of detections that overlap, the surest stays.

import { type Boxes, countBoxes, overlap } from './boxes.ts';

export interface NmsOptions {
  /** A box goes where it overlaps a surer one by more than this. */
  readonly threshold: number;
  /** [N]: boxes of different classes never suppress each other; all are of one class unless given. */
  readonly classes?: ArrayLike<number>;
  /** At most so many stay. */
  readonly limit?: number;
}

/** Indices of the boxes that stay, the surest first; of equal scores the lower index is taken first. */
export function nms(
  boxes: Boxes,
  scores: ArrayLike<number>,
  { threshold, classes, limit = Infinity }: NmsOptions,
): Int32Array<ArrayBuffer> {
  const waiting = bySize(scores);
  const kept: number[] = [];
  const gone = new Uint8Array(countBoxes(boxes));
  for (let place = 0; place < waiting.length && kept.length < limit; place++) {
    const i = waiting[place]!;
    if (gone[i] === 1) continue;
    kept.push(i);
    for (let later = place + 1; later < waiting.length; later++) {
      const j = waiting[later]!;
      if (gone[j] === 1 || (classes !== undefined && classes[i] !== classes[j])) continue;
      if (overlap(boxes, i, boxes, j) > threshold) gone[j] = 1;
    }
  }
  return Int32Array.from(kept);
}

/** Indices from the largest value to the smallest, at most `limit`; of equal ones the lower index comes first. */
export function bySize(values: ArrayLike<number>, limit = Infinity): Int32Array<ArrayBuffer> {
  let indices = Int32Array.from({ length: values.length }, (_, i) => i);
  if (limit < values.length) {
    // Numbers are sorted faster than indices: first the value that the last of them has.
    const least = Float64Array.from(values).sort()[values.length - limit]!;
    indices = indices.filter((i) => values[i]! >= least);
  }
  return indices.sort((a, b) => values[b]! - values[a]! || a - b).subarray(0, limit);
}
