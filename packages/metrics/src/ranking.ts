// How good logits are, row by row, in double precision. Suffixes: B batch, K classes.

import { MaNetError } from '@ma-net/core';

/** Sums over the rows seen so far. */
export interface ClassificationMeter {
  /** Adds logits [B, K] and labels [B]; rows of label -1 (padding) do not count. */
  add(logits_BK: ArrayLike<number>, labels_B: ArrayLike<number>): void;
  /** Rows counted. */
  readonly count: number;
  /** `top1`, `top<k>` for each k asked for (0 to 1), and `loss`, the mean cross-entropy. */
  result(): Record<string, number>;
}

/**
 * Measures a classifier of `classes` classes over any number of batches. A tie goes to the class that comes
 * first, as in argmax. Each k must be below `classes`: the top K of K classes is always right.
 */
export function classificationMeter(classes: number, topK: readonly number[] = [1]): ClassificationMeter {
  checkTopK(classes, topK);
  const hits = topK.map(() => 0);
  let loss = 0;
  let count = 0;
  return {
    add(logits_BK, labels_B) {
      checkBatch(logits_BK.length, labels_B, classes);
      for (let b = 0; b < labels_B.length; b++) {
        const label = labels_B[b]!;
        if (label === -1) continue;
        const rank = rankOf(label, logits_BK, b * classes, classes);
        for (const [i, k] of topK.entries()) if (rank < k) hits[i]!++;
        loss += crossEntropyOf(label, logits_BK, b * classes, classes);
        count++;
      }
    },
    get count() {
      return count;
    },
    result() {
      if (count === 0) {
        throw new MaNetError('bad-argument', 'There is nothing to average: no row was counted.', {
          hint: 'evaluate at least one image with a label.',
        });
      }
      const top = topK.map((k, i) => [`top${k}`, hits[i]! / count] as const);
      return { ...Object.fromEntries(top), loss: loss / count };
    },
  };
}

/** How many classes come before `label`: larger logits, equal ones of smaller index, and whatever is NaN. */
function rankOf(label: number, logits: ArrayLike<number>, start: number, classes: number): number {
  const own = logits[start + label]!;
  let rank = 0;
  for (let k = 0; k < classes; k++) {
    const other = logits[start + k]!;
    if (k !== label && (!(other <= own) || (other === own && k < label))) rank++;
  }
  return rank;
}

/** -ln softmax(logits)[label], with the largest logit taken out first. */
function crossEntropyOf(label: number, logits: ArrayLike<number>, start: number, classes: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) largest = Math.max(largest, logits[start + k]!);
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp(logits[start + k]! - largest);
  return Math.log(sum) + largest - logits[start + label]!;
}

function checkTopK(classes: number, topK: readonly number[]): void {
  const wrong = topK.find((k) => !Number.isInteger(k) || k < 1 || k >= classes);
  if (wrong === undefined) return;
  throw new MaNetError('bad-argument', `top-${wrong} says nothing about ${classes} classes.`, {
    hint: `ask for whole k from 1 to ${classes - 1}.`,
  });
}

function checkBatch(logits: number, labels_B: ArrayLike<number>, classes: number): void {
  if (logits !== labels_B.length * classes) {
    throw new MaNetError(
      'shape-mismatch',
      `There are ${logits} logits and ${labels_B.length} labels; expected ${classes} logits per label.`,
      { hint: 'give logits [B, K] and labels [B] of the same batch.' },
    );
  }
  for (let b = 0; b < labels_B.length; b++) {
    const label = labels_B[b]!;
    if (Number.isInteger(label) && label >= -1 && label < classes) continue;
    throw new MaNetError(
      'bad-data',
      `Label ${label} is not a class: expected 0 to ${classes - 1}, or -1 for padding.`,
      {
        where: `row ${b} of the batch`,
        hint: 'the network must have as many classes as the data.',
      },
    );
  }
}
