import type { HostBatch } from '@ma-net/core';
import {
  clipBoxes,
  decodeDeltas,
  type Detections,
  type ImageSize,
  nms,
  originalBoxes,
} from '@ma-net/detection';
import { isLarge, ofImage } from './proposals.ts';
import type { RcnnRules } from './rules.ts';

/**
 * What image `b` of a batch holds, from the second look at `rois_BR4`: of every class, boxes that are sure enough and do
 * not overlap. `size` is that of the image in the batch, `original` its own.
 */
export function rcnnDetections(
  { classes, boxes, rois_BR4 }: HostBatch,
  b: number,
  { size, original }: { readonly size: ImageSize; readonly original: ImageSize },
  { roi, clamp }: RcnnRules,
): Detections {
  const [, room, all] = classes!.shape as [number, number, number];
  const columns = boxes!.shape[2]! / 4;
  const [logits, deltas, rois] = [classes!, boxes!, rois_BR4!].map((tensor) => ofImage(tensor, b)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const firstClass = roi.background === 'first' ? 1 : 0;
  const found: { readonly score: number; readonly label: number; readonly box: Float32Array }[] = [];
  for (let r = 0; r < room; r++) {
    const proposal = rois.subarray(4 * r, 4 * r + 4);
    // Room that no proposal took.
    if (!isLarge(proposal, 0, 0)) continue;
    const scores = softmax(logits.subarray(r * all, (r + 1) * all));
    for (let label = 0; label < all - 1; label++) {
      const score = scores[label + firstClass]!;
      if (!(score > roi.threshold)) continue;
      const at = 4 * (r * columns + label + firstClass);
      const decoded = decodeDeltas(proposal, deltas.subarray(at, at + 4), { stds: roi.stds, clamp });
      const box = clipBoxes(decoded, ...size);
      if (roi.smallest === 0 || isLarge(box, 0, roi.smallest)) found.push({ score, label, box });
    }
  }
  const kept = nms(
    found.flatMap(({ box }) => [...box]),
    found.map(({ score }) => score),
    { threshold: roi.overlap, classes: found.map(({ label }) => label), limit: roi.limit },
  );
  const chosen = Array.from(kept, (i) => found[i]!);
  return {
    boxes: originalBoxes(
      chosen.flatMap(({ box }) => [...box]),
      size,
      original,
    ),
    labels: Int32Array.from(chosen, ({ label }) => label),
    scores: Float32Array.from(chosen, ({ score }) => score),
  };
}

/** In double precision. */
function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
