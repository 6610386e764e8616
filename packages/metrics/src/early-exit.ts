// Networks with exits under a budget (Huang et al. 2018, arXiv:1703.09844, section 3): a sample leaves at the first exit that
// is sure enough of it, and how sure that is follows from images that are held out.

import { MaNetError } from '@ma-net/core';

/** What the exits of a network say of samples, exit by exit. */
export interface ExitScores {
  /** Largest probability of a class, sample by sample. */
  readonly confidences: readonly Float64Array[];
  /** 1 where the likeliest class is the right one. */
  readonly right: readonly Uint8Array[];
}

/** Of logits [samples, classes], exit by exit, and labels; samples of label -1 are left out. */
export function exitScores(
  logits: readonly (readonly ArrayLike<number>[])[],
  labels: ArrayLike<number>,
): ExitScores {
  const counted = Array.from(labels, (label, i) => (label === -1 ? [] : [i])).flat();
  const seen = logits.map((rows) => counted.map((i) => surest(rows[i]!)));
  return {
    confidences: seen.map((of) => Float64Array.from(of, ({ probability }) => probability)),
    right: seen.map((of) => Uint8Array.from(of, ({ label }, s) => Number(label === labels[counted[s]!]))),
  };
}

/** The class with the largest logit, the first of equal ones, and its softmax. */
function surest(logits: ArrayLike<number>): { readonly label: number; readonly probability: number } {
  let label = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k]! > logits[label]!) label = k;
  let sum = 0;
  for (let k = 0; k < logits.length; k++) sum += Math.exp(logits[k]! - logits[label]!);
  return { label, probability: 1 / sum };
}

/** Parts of the samples that leave at each of `exits` exits, in proportion to q, q^2, q^3, ... */
export function exitShares(q: number, exits: number): number[] {
  const powers = Array.from({ length: exits }, (_, k) => q ** (k + 1));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** No sample is as sure. */
const NEVER = 1e8;

/** How sure each exit has to be so that so many of these samples leave there; the last one lets everybody go. */
export function exitThresholds({ confidences }: ExitScores, shares: readonly number[]): number[] {
  const samples = confidences[0]?.length ?? 0;
  let left = Array.from({ length: samples }, (_, i) => i);
  return confidences.map((own, exit) => {
    if (exit === confidences.length - 1) return -NEVER;
    const wanted = Math.floor(samples * shares[exit]!);
    const order = left.toSorted((a, b) => own[b]! - own[a]!);
    const threshold = wanted === 0 || wanted > order.length ? NEVER : own[order[wanted - 1]!]!;
    left = left.filter((i) => own[i]! < threshold);
    return threshold;
  });
}

/** What a network with exits reaches at some thresholds. */
export interface AtBudget {
  readonly thresholds: readonly number[];
  /** Samples that leave at each exit. */
  readonly counts: readonly number[];
  /** Part of the samples that are right. */
  readonly accuracy: number;
  /** Mean over the samples of what their exit costs. */
  readonly cost: number;
}

/** `costs`: of everything up to each exit, such as multiply-accumulates. Throws `bad-argument` where there are no samples. */
export function atThresholds(
  { confidences, right }: ExitScores,
  thresholds: readonly number[],
  costs: readonly number[],
): AtBudget {
  const samples = confidences[0]?.length ?? 0;
  if (samples === 0 || confidences.length !== thresholds.length || thresholds.length !== costs.length) {
    throw new MaNetError(
      'bad-argument',
      `${confidences.length} exits with ${samples} samples do not fit ${thresholds.length} thresholds and ${costs.length} costs.`,
      { where: 'exits', hint: 'give one threshold and one cost for each exit, and at least one sample.' },
    );
  }
  const counts = costs.map(() => 0);
  let [hits, cost] = [0, 0];
  for (let i = 0; i < samples; i++) {
    const exit = thresholds.findIndex((threshold, k) => confidences[k]![i]! >= threshold);
    counts[exit]!++;
    hits += right[exit]![i]!;
    cost += costs[exit]!;
  }
  return { thresholds, counts, accuracy: hits / samples, cost: cost / samples };
}

/** Budgets from nearly all samples at the first exit to nearly all at the last one. */
const BUDGETS = 39;

/** Accuracy against cost on `test`, with thresholds from `validation`: one entry for each of 39 budgets. */
export function budgetCurve(validation: ExitScores, test: ExitScores, costs: readonly number[]): AtBudget[] {
  return Array.from({ length: BUDGETS }, (_, p) =>
    atThresholds(test, exitThresholds(validation, exitShares((p + 1) / 20, costs.length)), costs),
  );
}
