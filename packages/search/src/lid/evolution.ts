// The networks of the next generation: children of the best. He et al. 2023 (arXiv:2211.12759), section 4; Guo et al. 2020.

import type { Rng } from '@ma-net/core';
import { type Budget, drawn, unlimited } from '../budget.ts';
import { crossedPath, everything, mutatedPath, randomPath, type TriedPath } from '../paths.ts';
import type { Path, Space } from '../space.ts';

export interface EvolutionOptions {
  /** Networks of a generation. */
  readonly population: number;
  /** How many of the best are parents, as a part of a generation; one at least. */
  readonly keep: number;
  /** Part of a generation that is mixed of two parents. */
  readonly crossover: number;
  /** Part of a generation that is a changed parent; what is left is drawn at random. */
  readonly mutation: number;
  /** Chance of every place of a network to be mixed or changed. */
  readonly geneChance: number;
}

/** Draws of one child before a random network takes its place. */
const CHILDREN = 10;

/**
 * The next generation, after what was tried: at first all at random. All of its networks fit the budget, and none was tried
 * before, unless hardly any are left. Depends on its arguments alone; `rng` is moved.
 */
export function nextGeneration(
  space: Space,
  tried: readonly TriedPath[],
  { population, keep, crossover, mutation, geneChance }: EvolutionOptions,
  rng: Rng,
  budget: Budget = unlimited,
): Path[] {
  const known = new Set(tried.map(({ path }) => JSON.stringify(path)));
  const isNew = (path: Path): boolean => !known.has(JSON.stringify(path));
  const all = everything(space);
  const best = tried
    .toSorted((a, b) => b.score - a.score)
    .slice(0, Math.max(1, Math.round(keep * population)))
    .map(({ path }) => path);
  const parent = (): Path => best[rng.integer(best.length)]!;
  const mixed = Math.round(crossover * population);
  const changed = Math.min(population - mixed, Math.round(mutation * population));
  const made = Array.from({ length: population }, (_, i) => (): Path => {
    if (best.length > 0 && i < mixed) return crossedPath(space, parent(), parent(), geneChance, rng);
    if (best.length > 0 && i < mixed + changed) return mutatedPath(space, parent(), geneChance, rng);
    return randomPath(space, all, rng);
  });
  return made.map((child) => {
    const make = (draw: number): Path => (draw < CHILDREN ? child() : randomPath(space, all, rng));
    const path = drawn(space, budget, rng, make, isNew);
    known.add(JSON.stringify(path));
    return path;
  });
}
