// Algorithm 1 as a table of rounds. A plain or neuron round is one epoch, an astrocyte round a few
// mini-batches; the budget is counted in mini-batches seen, whoever they train (section 9).

import { MaNetError, type Round, type RunLength } from '@ma-net/core';

/**
 * `plain`: W through N(X, W). `astrocytes`: Phi through the modulated network. `neurons`: W through the
 * modulated network. `together`: both at once (the ablation without alternation).
 */
export type RoundKind = 'plain' | 'astrocytes' | 'neurons' | 'together';

export interface RoundsOptions extends RunLength {
  /** Rounds 0..R_TN train the plain network: R_TN + 1 of them. */
  readonly plainRounds: number;
  /** Mini-batches of an astrocyte round; 0 for methods without astrocytes (every round trains W). */
  readonly astrocyteIterations: number;
  /** Whether W and Phi are trained in turn. */
  readonly alternate: boolean;
}

/** A run must end with at least this many mini-batches of W, so that the statistics belong to the last gates. */
export const LAST_NEURON_BATCHES = 10;

/** Every round of a run, in order; lengths sum to the budget. */
export function planRounds(options: RoundsOptions): Round[] {
  const { budget, batchesPerEpoch, plainRounds, astrocyteIterations, alternate } = options;
  if (budget < 1 || batchesPerEpoch < 1) {
    throw new MaNetError(
      'bad-recipe',
      `A run of ${budget} mini-batches with ${batchesPerEpoch} an epoch trains nothing.`,
      {
        hint: 'use at least one epoch, and a batch size no larger than the training set.',
      },
    );
  }
  const rounds: Round[] = [];
  let start = 0;
  for (let index = 0; start < budget; index++) {
    const kind = kindOf(index, plainRounds, astrocyteIterations > 0, alternate);
    const whole = kind === 'astrocytes' ? astrocyteIterations : batchesPerEpoch;
    const length = Math.min(whole, budget - start);
    rounds.push({ index, kind, start, length });
    start += length;
  }
  return endWithNeurons(rounds);
}

function kindOf(index: number, plainRounds: number, astrocytes: boolean, alternate: boolean): RoundKind {
  if (index < plainRounds) return 'plain';
  if (!astrocytes) return 'neurons';
  if (!alternate) return 'together';
  return index % 2 === 0 ? 'astrocytes' : 'neurons';
}

/** Gives a tail that would end on Phi, or on too few mini-batches of W, to the last whole round of W. */
function endWithNeurons(rounds: readonly Round[]): Round[] {
  const kept = [...rounds];
  let spare = 0;
  while (kept.length > 1) {
    const last = kept.at(-1)!;
    const settled =
      last.kind !== 'astrocytes' &&
      (last.length + spare >= LAST_NEURON_BATCHES || kept.at(-2)!.kind !== 'astrocytes');
    if (settled) break;
    spare += last.length;
    kept.pop();
  }
  const last = kept.at(-1)!;
  return [...kept.slice(0, -1), { ...last, length: last.length + spare }];
}

/** Plain rounds of a run unless its options say: a third of its epochs (section 12). */
export function defaultPlainRounds({ budget, batchesPerEpoch }: RunLength): number {
  return Math.round(budget / batchesPerEpoch / 3);
}

/** Mini-batches of `rounds` before their first modulated one, P. */
export function plainBatches(rounds: readonly Round[]): number {
  return rounds.reduce((sum, { kind, length }) => sum + (kind === 'plain' ? length : 0), 0);
}

/** Mini-batches before number `b` that trained Phi: the next one is the turn of astrocyte 1 + (that mod M). */
export function turnAt(rounds: readonly Round[], b: number): number {
  const before = rounds.filter(({ kind }) => kind === 'astrocytes' || kind === 'together');
  return before.reduce((sum, { start, length }) => sum + Math.min(length, Math.max(0, b - start)), 0);
}

/** M * max(1, round(share * batches per epoch / M)): every astrocyte has its turn equally often (section 12). */
export function defaultAstrocyteIterations(
  batchesPerEpoch: number,
  astrocytes: number,
  share = 0.05,
): number {
  return astrocytes * Math.max(1, Math.round((share * batchesPerEpoch) / astrocytes));
}
