// What every operation contributes, estimated by taking operations away in random orders. Xiao et al. 2022
// (arXiv:2206.09811), section 3; Castro et al. 2009.

import type { Table } from './space.ts';

/**
 * What each player contributes in one order: the accuracy that is lost when it goes. It ends after the first accuracy below
 * `threshold` of the whole; players that come later contribute 0.
 */
export async function contributions(
  order: ArrayLike<number>,
  {
    whole,
    threshold,
    without,
  }: {
    /** Accuracy with all players. */
    readonly whole: number;
    readonly threshold: number;
    /** Accuracy without some of them. */
    readonly without: (gone: ReadonlySet<number>) => Promise<number>;
  },
): Promise<number[]> {
  const lost = Array.from(order, () => 0);
  const gone = new Set<number>();
  let before = whole;
  for (const player of Array.from(order)) {
    gone.add(player);
    const now = await without(gone);
    lost[player] = before - now;
    before = now;
    if (now < threshold * whole) break;
  }
  return lost;
}

/** Mean minus standard deviation (of n) of what each player contributed in every order. */
export function scoresOf(marginals: readonly (readonly number[])[]): number[] {
  return marginals.map((values) => {
    const mean = meanOf(values);
    return mean - Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
  });
}

export interface ShapleyState {
  readonly alphas: Table;
  readonly momentum: Table;
}

/**
 * Moves the architecture by scores of all players, in the order of cells, edges and operations: those of a cell are
 * standardised (with n - 1), smoothed, and added.
 */
export function shapleyUpdate(
  { alphas, momentum }: ShapleyState,
  scores: readonly number[],
  { momentum: kept, step }: { readonly momentum: number; readonly step: number },
): ShapleyState {
  let place = 0;
  const next: Record<'alphas' | 'momentum', Record<string, number[][]>> = { alphas: {}, momentum: {} };
  for (const [cell, rows] of Object.entries(alphas)) {
    const own = scores.slice(place, (place += rows.length * rows[0]!.length));
    const mean = meanOf(own);
    const spread = Math.sqrt(own.reduce((sum, score) => sum + (score - mean) ** 2, 0) / (own.length - 1));
    // Where nothing tells the operations apart, nothing moves.
    const standard = own.map((score) => (spread === 0 ? 0 : (score - mean) / spread));
    next.momentum[cell] = rows.map((row, e) =>
      row.map((_, o) => kept * momentum[cell]![e]![o]! + (1 - kept) * standard[e * row.length + o]!),
    );
    next.alphas[cell] = rows.map((row, e) =>
      row.map((alpha, o) => alpha + step * next.momentum[cell]![e]![o]!),
    );
  }
  return next;
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
