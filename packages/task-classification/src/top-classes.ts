import { MaNetError } from '@ma-net/core';

/** A class, and how sure the network is of it. */
export interface RankedClass {
  readonly name: string;
  /** Softmax of its logit. */
  readonly probability: number;
}

/**
 * The `count` likeliest classes of logits [K], the likeliest first; of equal ones that with the lower index. Throws
 * `network-mismatch` where there are not as many names as logits.
 */
export function topClasses(
  logits: ArrayLike<number>,
  classNames: readonly string[],
  count: number,
): readonly RankedClass[] {
  if (logits.length !== classNames.length) {
    throw new MaNetError(
      'network-mismatch',
      `The network tells ${logits.length} classes apart, and ${classNames.length} have names.`,
      { hint: 'use the names of the data that the network was trained on.' },
    );
  }
  return likeliest(logits)
    .slice(0, count)
    .map(({ label, probability }) => ({ name: classNames[label]!, probability }));
}

/** All classes with the softmax of their logits [K], the likeliest first; of equal ones that with the lower index. */
export function likeliest(
  logits: ArrayLike<number>,
): { readonly label: number; readonly probability: number }[] {
  const largest = Array.from(logits).reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights
    .map((weight, label) => ({ label, probability: weight / sum }))
    .sort((a, b) => b.probability - a.probability);
}
