// All images, one class: precision at 101 recalls.

import { OVERLAPS } from './match.ts';

/** i * .01 in double precision, which is not i / 100 everywhere. */
const RECALLS: readonly number[] = Array.from({ length: 101 }, (_, i) => i * 0.01);

/** The detections of one class in all images, image after image, each by descending score. */
export interface Ranked {
  readonly scores_D: Float64Array;
  /** Place among those of its image: 0 is the best. */
  readonly places_D: Uint8Array;
  /** All by descending score; of equal scores the earlier first. */
  readonly order_D: Uint32Array;
}

export interface PrecisionRecall {
  /** Interpolated precision, [thresholds, 101]. */
  readonly precision_TR: Float64Array;
  /** Score of the detection that first reaches each recall, [thresholds, 101]; 0 where none does. */
  readonly scores_TR: Float64Array;
  /** Largest recall at every threshold. */
  readonly recall_T: Float64Array;
}

/**
 * Counts the `most` best detections of every image. `outcome_TD`: by threshold and detection, 1 found an object, 0 found
 * none, -1 does not count. `truths`: objects that count, at least one.
 */
export function accumulate(
  { scores_D, places_D, order_D }: Ranked,
  outcome_TD: Int8Array,
  truths: number,
  most: number,
): PrecisionRecall {
  const [thresholds, recalls, detections] = [OVERLAPS.length, RECALLS.length, scores_D.length];
  const precision_TR = new Float64Array(thresholds * recalls);
  const scores_TR = new Float64Array(thresholds * recalls);
  const recall_T = new Float64Array(thresholds);
  // Recall grows only with a hit, and precision is never more than it was at the hit before.
  const precision_H = new Float64Array(Math.min(truths, detections));
  const scores_H = new Float64Array(Math.min(truths, detections));
  // The best of an image is among the counted, so the first of all is.
  const first = detections === 0 ? 0 : scores_D[order_D[0]!]!;
  for (let t = 0; t < thresholds; t++) {
    let [hits, misses] = [0, 0];
    for (let n = 0; n < detections; n++) {
      const d = order_D[n]!;
      if (places_D[d]! >= most) continue;
      const outcome = outcome_TD[t * detections + d]!;
      if (outcome === 0) misses++;
      if (outcome !== 1) continue;
      scores_H[hits++] = scores_D[d]!;
      precision_H[hits - 1] = hits / (hits + misses + Number.EPSILON);
    }
    recall_T[t] = hits / truths;
    for (let h = hits - 1; h > 0; h--) {
      if (precision_H[h]! > precision_H[h - 1]!) precision_H[h - 1] = precision_H[h]!;
    }
    let h = 0;
    for (let r = 0; r < recalls; r++) {
      while (h < hits && (h + 1) / truths < RECALLS[r]!) h++;
      if (h < hits) precision_TR[t * recalls + r] = precision_H[h]!;
      // Before the first hit, recall is 0.
      if (r === 0) scores_TR[t * recalls] = first;
      else if (h < hits) scores_TR[t * recalls + r] = scores_H[h]!;
    }
  }
  return { precision_TR, scores_TR, recall_T };
}
