// Which connections live: thresholds on the relative probability, and masks (section 8). On the host,
// because masks are renewed between steps; D in place of q makes this magnitude pruning.

import { MaNetError, type ModulatedKernel } from '@ma-net/core';
import { type ConnectionRule, letsUnitsGo, parsePruneRule } from './prune-rule.ts';

/** Scores by parameter name, row-major [F, O]. */
export type HostScores = Readonly<Record<string, Float32Array>>;

/** theta of every kernel. Throws `bad-argument` for a rule outside its range, `non-finite` for such scores. */
export function thresholds(
  kernels: readonly ModulatedKernel[],
  scores: HostScores,
  given: ConnectionRule,
): number[] {
  const rule = parsePruneRule(given);
  if (letsUnitsGo(rule)) throw notForConnections();
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

function notForConnections(): MaNetError {
  return new MaNetError('bad-argument', 'The rule lets units go, and thresholds are for connections.', {
    where: 'pruning rule',
    hint: 'use decideOn(network).',
  });
}

/**
 * The first score, ascending, that no longer fits: the areas of all smaller ones add up to at most the
 * fraction asked for. Ties share their fate, so their order cannot matter. Instead of sorting millions of
 * scores, their areas are summed by the upper half of their bits, then by the lower half where it matters.
 */
function targetThreshold(
  kernels: readonly ModulatedKernel[],
  scores: HostScores,
  removeModulated: number,
): number {
  const total = kernels.reduce((sum, k) => sum + k.area * k.preNeurons * k.postNeurons, 0);
  const budget = removeModulated * total;
  const byUpper = areasByBits(kernels, scores);
  if (byUpper.some((area, upper) => area > 0 && !isFiniteKey(upper))) refuseNonFinite(kernels, scores);
  const upper = firstBeyond(byUpper, 0, budget);
  const lower = firstBeyond(areasByBits(kernels, scores, upper.bits), upper.below, budget);
  const score = scoreOfKey(((upper.bits << 16) | lower.bits) >>> 0);
  // When nothing fits, theta is 0, or below it where a score is.
  return lower.below === 0 ? Math.min(0, score) : score;
}

/** Area by the upper 16 bits of the scores' keys; with `upper`, of those by the lower 16 bits. */
function areasByBits(kernels: readonly ModulatedKernel[], scores: HostScores, upper?: number): Float64Array {
  const areas = new Float64Array(1 << 16);
  for (const kernel of kernels) {
    const { buffer, byteOffset, length } = scoresOf(kernel, scores);
    const bits = new Uint32Array(buffer, byteOffset, length);
    for (let i = 0; i < length; i++) {
      const key = keyOfBits(bits[i]!);
      if (upper === undefined) areas[key >>> 16]! += kernel.area;
      else if (key >>> 16 === upper) areas[key & 0xffff]! += kernel.area;
    }
  }
  return areas;
}

/** Where the sum of areas first exceeds the budget, and what it was below. */
function firstBeyond(areas: Float64Array, start: number, budget: number): { bits: number; below: number } {
  let below = start;
  const bits = areas.findIndex((area) => {
    if (below + area > budget) return true;
    below += area;
    return false;
  });
  return { bits, below };
}

/** Whole numbers that are ordered as the floats are: negative ones inverted, the others above them. */
function keyOfBits(bits: number): number {
  return (bits >>> 31 === 1 ? ~bits : bits | 0x80000000) >>> 0;
}

function scoreOfKey(key: number): number {
  const bits = key >>> 31 === 1 ? key ^ 0x80000000 : ~key;
  return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
}

/** Infinities and NaN have the outermost keys. */
function isFiniteKey(upper: number): boolean {
  return upper > 0x007f && upper < 0xff80;
}

function refuseNonFinite(kernels: readonly ModulatedKernel[], scores: HostScores): never {
  const broken = kernels.find((kernel) => !scoresOf(kernel, scores).every(Number.isFinite));
  throw new MaNetError('non-finite', 'The score of a connection is infinite or not a number.', {
    where: `kernel "${broken?.param}"`,
    hint: 'the weights or Phi diverged: resume from an earlier checkpoint with a lower learning rate.',
  });
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
