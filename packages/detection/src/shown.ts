import type { Shown } from '@ma-net/core';
import type { BoxXywh } from '@ma-net/metrics';
import type { Detections } from './detections.ts';

/** Detections as people are told of them: what `show` of a task returns. */
export function shownDetections({ boxes, labels, scores, masks }: Detections): Shown {
  return {
    objects: Array.from(scores, (score, n) => {
      const mask = masks?.[n];
      return {
        label: labels[n]!,
        score,
        box: Array.from(boxes.subarray(4 * n, 4 * n + 4)) as unknown as BoxXywh,
        ...(mask === undefined ? {} : { mask }),
      };
    }),
  };
}
