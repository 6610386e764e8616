// All images, one class: precision at 101 recalls.

import { type Matches, OVERLAPS } from './match.ts';

/** i * .01 in double precision, which is not i / 100 everywhere. */
const RECALLS: readonly number[] = Array.from({ length: 101 }, (_, i) => i * 0.01);

/** Matches of one image, and the scores of its detections, descending. */
export interface ImageMatches extends Matches {
  readonly scores: Float64Array;
}

export interface PrecisionRecall {
  /** Interpolated precision, [thresholds, 101]. */
  readonly precision_TR: Float64Array;
  /** Score of the detection that first reaches each recall, [thresholds, 101]; 0 where none does. */
  readonly scores_TR: Float64Array;
  /** Largest recall at every threshold. */
  readonly recall_T: Float64Array;
}

/** Counts the `most` best detections of every image. Undefined when there is no object that counts. */
export function accumulate(images: readonly ImageMatches[], most: number): PrecisionRecall | undefined {
  const truths = images.reduce((sum, image) => sum + image.truths, 0);
  if (truths === 0) return undefined;
  const entries = images.flatMap(({ scores }, image) =>
    Array.from(scores.subarray(0, most), (score, d) => ({ image, d, score })),
  );
  entries.sort((a, b) => b.score - a.score);
  const [thresholds, recalls] = [OVERLAPS.length, RECALLS.length];
  const precision_TR = new Float64Array(thresholds * recalls);
  const scores_TR = new Float64Array(thresholds * recalls);
  const recall_T = new Float64Array(thresholds);
  const recall_D = new Float64Array(entries.length);
  const precision_D = new Float64Array(entries.length);
  for (let t = 0; t < thresholds; t++) {
    let [hits, misses] = [0, 0];
    entries.forEach(({ image, d }, n) => {
      const { outcome_TD, scores } = images[image]!;
      const outcome = outcome_TD[t * scores.length + d]!;
      if (outcome === 1) hits++;
      if (outcome === 0) misses++;
      recall_D[n] = hits / truths;
      precision_D[n] = hits / (hits + misses + Number.EPSILON);
    });
    recall_T[t] = entries.length === 0 ? 0 : recall_D[entries.length - 1]!;
    for (let n = entries.length - 1; n > 0; n--) {
      if (precision_D[n]! > precision_D[n - 1]!) precision_D[n - 1] = precision_D[n]!;
    }
    let n = 0;
    RECALLS.forEach((recall, r) => {
      while (n < entries.length && recall_D[n]! < recall) n++;
      if (n === entries.length) return;
      precision_TR[t * recalls + r] = precision_D[n]!;
      scores_TR[t * recalls + r] = entries[n]!.score;
    });
  }
  return { precision_TR, scores_TR, recall_T };
}
