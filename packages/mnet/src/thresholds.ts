// Which connections live: thresholds on the relative probability, and masks (section 8). On the host,
// because masks are renewed between steps; D in place of q makes this magnitude pruning.

import { MaNetError, type ModulatedKernel } from '@ma-net/core';

/** How the thresholds are found. */
export type PruneRule =
  /** The paper's: a probability under `delta`, that is q < delta * F, capped at q < kappa. */
  | { readonly mode: 'delta'; readonly delta: number; readonly kappa: number }
  /** One threshold for all layers, at which this fraction of the modulated parameters goes. */
  | { readonly mode: 'target'; readonly removeModulated: number };

/** Scores by parameter name, row-major [F, O]. */
export type HostScores = Readonly<Record<string, Float32Array>>;

/** 1 where a connection lives, by parameter name, row-major [F, O]. */
export type HostMasks = Readonly<Record<string, Uint8Array>>;

/** theta of every kernel. Throws `bad-argument` for a rule outside its range, `non-finite` for such scores. */
export function thresholds(
  kernels: readonly ModulatedKernel[],
  scores: HostScores,
  rule: PruneRule,
): number[] {
  checkRule(rule);
  for (const kernel of kernels) scoresOf(kernel, scores);
  if (rule.mode === 'delta') {
    return kernels.map(({ preNeurons }) => Math.min(rule.delta * preNeurons, rule.kappa));
  }
  const theta = targetThreshold(kernels, scores, rule.removeModulated);
  return kernels.map(() => theta);
}

/** m of every kernel: alive where the score reaches theta. */
export function masksOf(
  kernels: readonly ModulatedKernel[],
  scores: HostScores,
  thetas: readonly number[],
): Record<string, Uint8Array> {
  return Object.fromEntries(
    kernels.map((kernel, l) => {
      const [theta, found] = [thetas[l]!, scoresOf(kernel, scores)];
      const mask = new Uint8Array(found.length);
      for (let i = 0; i < mask.length; i++) mask[i] = Number(found[i]! >= theta);
      return [kernel.param, mask];
    }),
  );
}

/** Masks that keep every connection. */
export function fullMasks(kernels: readonly ModulatedKernel[]): Record<string, Uint8Array> {
  return Object.fromEntries(
    kernels.map(({ param, preNeurons, postNeurons }) => [
      param,
      new Uint8Array(preNeurons * postNeurons).fill(1),
    ]),
  );
}

/**
 * The first score, ascending, that no longer fits: the areas of all smaller ones add up to at most the
 * fraction asked for. Ties share their fate, so their order cannot matter; scores are sorted per area,
 * natively, and merged.
 */
function targetThreshold(
  kernels: readonly ModulatedKernel[],
  scores: HostScores,
  removeModulated: number,
): number {
  const areas = [...new Set(kernels.map((k) => k.area))];
  const classes = areas.map((area) => ({ area, next: 0, sorted: sortedScores(kernels, scores, area) }));
  const total = classes.reduce((sum, { area, sorted }) => sum + area * sorted.length, 0);
  const budget = removeModulated * total;
  let removed = 0;
  for (let count = 0; ; count++) {
    let lowest = classes[0]!;
    for (const c of classes) {
      if ((c.sorted[c.next] ?? Infinity) < (lowest.sorted[lowest.next] ?? Infinity)) lowest = c;
    }
    const score = lowest.sorted[lowest.next++]!;
    removed += lowest.area;
    if (removed > budget) return count === 0 ? 0 : score;
  }
}

function sortedScores(kernels: readonly ModulatedKernel[], scores: HostScores, area: number): Float32Array {
  const parts = kernels.filter((k) => k.area === area).map((k) => scoresOf(k, scores));
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    all.set(part, start);
    start += part.length;
  }
  all.sort();
  // Native sorting puts NaN last and -Infinity first.
  if (!Number.isFinite(all[0]) || !Number.isFinite(all.at(-1))) {
    throw new MaNetError(
      'non-finite',
      `A connection has the score ${Number.isFinite(all[0]) ? all.at(-1) : all[0]}.`,
      {
        where: `thresholds of kernels with ${area} numbers per connection`,
        hint: 'the weights or Phi diverged: resume from an earlier checkpoint with a lower learning rate.',
      },
    );
  }
  return all;
}

function scoresOf(kernel: ModulatedKernel, scores: HostScores): Float32Array {
  const found = scores[kernel.param];
  const expected = kernel.preNeurons * kernel.postNeurons;
  if (found?.length !== expected) {
    throw new MaNetError(
      'network-mismatch',
      `Kernel "${kernel.param}" has ${expected} connections but received ${found?.length ?? 'no'} scores.`,
      { hint: 'pass the scores of this network, recorded before any compaction.' },
    );
  }
  return found;
}

function checkRule(rule: PruneRule): void {
  const refuse = (name: string, found: number, expected: string, hint: string): never => {
    throw new MaNetError('bad-argument', `${name} is ${found}, expected ${expected}.`, {
      where: 'pruning rule',
      hint,
    });
  };
  if (rule.mode === 'target') {
    const { removeModulated } = rule;
    if (!(removeModulated >= 0 && removeModulated < 1)) {
      refuse(
        'removeModulated',
        removeModulated,
        'a fraction from 0 up to, but not including, 1',
        '0.5 removes half of the modulated parameters.',
      );
    }
    return;
  }
  if (!(rule.delta >= 0 && rule.delta <= 1))
    refuse('delta', rule.delta, 'a probability from 0 to 1', 'the paper uses 1e-3.');
  if (!(rule.kappa > 0 && rule.kappa <= 1)) {
    refuse('kappa', rule.kappa, 'above 0 and at most 1', 'above 1 a post-neuron could lose all its inputs.');
  }
}
