// What a search by sub-supernets does with its mini-batches: train and divide level by level, train the last ones, then
// generation after generation.

import type { Round, RunLength } from '@ma-net/core';
import { refuseBudget } from '../architecture.ts';
import { PARTS } from '../darts.ts';
import type { NasLidOptions } from '../options.ts';

/**
 * Sub-supernets are kept at `2 ** levels` places. One that is not divided `levels` times yet owns several in a row, and gives
 * either child one half of them.
 */
export interface Owned {
  /** Its first place. */
  readonly at: number;
  /** How many. */
  readonly places: number;
}

export type Role =
  | ({ readonly does: 'train' } & Owned)
  | ({ readonly does: 'compare' } & Owned)
  | { readonly does: 'evolve'; readonly generation: number };

export interface Plan {
  readonly rounds: readonly Round[];
  /** By number of the round. */
  readonly roles: readonly Role[];
}

/** What is left over trains the whole supernet. Throws `bad-argument` for a budget that does not hold all of it. */
export function planned(length: RunLength, options: NasLidOptions): Plan {
  const { levels, warmup, compare, tune, generations, measure } = options;
  const leaves = 2 ** levels;
  const needed = (leaves - 1) * (warmup + compare) + leaves * tune + generations * measure;
  refuseBudget(
    length,
    needed,
    `${leaves - 1} supernets trained for ${warmup} and divided by ${compare}, ${leaves} more trained for ${tune}, ` +
      `${generations} generations measured on ${measure}`,
  );
  const rounds: Round[] = [];
  const roles: Role[] = [];
  let start = 0;
  const add = (role: Role, kind: string, split: string, mini: number): void => {
    const schedule = role.does === 'train' ? { schedule: { start, length: mini } } : {};
    rounds.push({ index: rounds.length, kind, split, start, length: mini, ...schedule });
    roles.push(role);
    start += mini;
  };
  for (let level = 0; level < levels; level++) {
    const places = leaves / 2 ** level;
    for (let at = 0; at < leaves; at += places) {
      const more = level === 0 ? length.budget - needed : 0;
      add({ does: 'train', at, places }, 'supernet', PARTS.weights, warmup + more);
      add({ does: 'compare', at, places }, 'divide', PARTS.alphas, compare);
    }
  }
  for (let at = 0; at < leaves; at++) add({ does: 'train', at, places: 1 }, 'tune', PARTS.weights, tune);
  for (let generation = 0; generation < generations; generation++)
    add({ does: 'evolve', generation }, 'evolve', PARTS.alphas, measure);
  return { rounds, roles };
}

/** Who was trained between the round of training or evolution before a round and that one, if anybody was. */
export function trainedBefore({ roles }: Plan, index: number): Owned | undefined {
  const role = roles.slice(0, index).findLast(({ does }) => does !== 'compare');
  return role?.does === 'train' ? role : undefined;
}
