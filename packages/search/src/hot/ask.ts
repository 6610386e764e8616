// Which network to try next: at first any, then the one that promises most by what the tried ones were worth.

import type { Rng } from '@ma-net/core';
import { type Budget, drawn, unlimited } from '../budget.ts';
import type { Choice, Genotype } from '../genotype.ts';
import { genotypeOfPath, pathOf } from '../paths.ts';
import type { Path, Space } from '../space.ts';
import type { Distances } from './distance.ts';
import { kernelMatrix, posterior } from './process.ts';

/** A network that was tried, and how good it was; larger is better. */
export interface Tried {
  readonly genotype: Genotype;
  readonly score: number;
}

export interface AskOptions {
  /** Networks that are drawn at random before anything is known. */
  readonly first: number;
  /** Changes of the best networks that are looked at. */
  readonly mutations: number;
  /** Networks beside them that are drawn at random. */
  readonly others: number;
  readonly kernel: 'exp' | 'rbf';
  readonly noise: number;
}

/** Best networks that are changed. */
const BEST = 10;
/** Tried networks between two looks at the length scale, and what the median distance may be multiplied by. */
const REFIT = 10;
const FACTORS = [0.25, 0.5, 1, 2, 4];

/** What a network is asked of. */
export interface Asking {
  readonly distances: Distances;
  /** Cells of the networks. */
  readonly layers: number;
  readonly rng: Rng;
  /** Which networks may be tried; all unless given. */
  readonly budget?: Budget;
}

/** The next network to try. Depends on its arguments alone; `rng` is moved. */
export function askNext(
  space: Space,
  tried: readonly Tried[],
  { distances, layers, rng, budget = unlimited }: Asking,
  options: AskOptions,
): Genotype {
  const known = new Set(tried.map(({ genotype }) => JSON.stringify(pathOf(space, genotype))));
  const fresh = (make: () => Genotype): Genotype => {
    const isNew = (path: Path): boolean => !known.has(JSON.stringify(path));
    const path = drawn(space, budget, rng, () => pathOf(space, make()), isNew);
    known.add(JSON.stringify(path));
    return genotypeOfPath(space, path);
  };
  if (tried.length < options.first) return fresh(() => randomGenotype(space, rng));
  const best = tried.toSorted((a, b) => b.score - a.score).slice(0, BEST);
  const pool = [
    ...Array.from({ length: options.mutations }, (_, i) =>
      fresh(() => mutated(space, best[i % best.length]!.genotype, rng)),
    ),
    ...Array.from({ length: options.others }, () => fresh(() => randomGenotype(space, rng))),
  ];
  const all = [...tried.map(({ genotype }) => genotype), ...pool];
  const apart = all.map((a, i) =>
    all.map((b, j) =>
      j < i ? distances.networks(b, a, layers) : j === i ? 0 : distances.networks(a, b, layers),
    ),
  );
  const scores = tried.map(({ score }) => score);
  const lengthScale = fittedFactor(apart, scores, options) * medianOf(apart, tried.length);
  const kernel = kernelMatrix(apart, { kind: options.kernel, lengthScale });
  const { improvement } = posterior(kernel, scores, options.noise);
  return pool[improvement.reduce((most, value, i) => (value > improvement[most]! ? i : most), 0)]!;
}

/** Median of the positive distances between the first `count`; 1 where there are none. */
function medianOf(apart: readonly (readonly number[])[], count: number): number {
  const positive = apart
    .slice(0, count)
    .flatMap((row, i) => row.slice(0, i))
    .filter((d) => d > 0)
    .toSorted((a, b) => a - b);
  const middle = positive.length / 2;
  if (positive.length === 0) return 1;
  return Number.isInteger(middle)
    ? (positive[middle - 1]! + positive[middle]!) / 2
    : positive[Math.floor(middle)]!;
}

/** What the median is multiplied by: the likeliest factor, as it was when REFIT networks more had been tried. */
function fittedFactor(
  apart: readonly (readonly number[])[],
  scores: readonly number[],
  { kernel: kind, noise }: AskOptions,
): number {
  const count = scores.length < REFIT ? scores.length : Math.floor(scores.length / REFIT) * REFIT;
  const known = apart.slice(0, count).map((row) => row.slice(0, count));
  const median = medianOf(apart, count);
  const likelihood = (factor: number): number => {
    const kernel = kernelMatrix(known, { kind, lengthScale: factor * median });
    return posterior(kernel, scores.slice(0, count), noise).logLikelihood;
  };
  const found = FACTORS.map((factor) => ({ factor, fit: likelihood(factor) }));
  return found.reduce((best, one) => (one.fit > best.fit ? one : best)).factor;
}

/** Any network of a space, all of them equally likely. */
export function randomGenotype(space: Space, rng: Rng): Genotype {
  const op = () => space.operations[rng.integer(space.operations.length)]!;
  if (space.name === 'nas-bench-201') return { space: 'nas-bench-201', cell: space.edges.map(op) };
  const cell = (): Choice[] =>
    [2, 3, 4, 5].flatMap((node) =>
      [...rng.permutation(node).slice(0, 2)].toSorted((a, b) => a - b).map((from): Choice => [op(), from]),
    );
  return { space: 'darts', normal: cell(), reduce: cell() };
}

/** A network with another operation at one place, or another input. */
export function mutated(space: Space, genotype: Genotype, rng: Rng): Genotype {
  const otherOp = (op: string) => {
    const others = space.operations.filter((one) => one !== op);
    return others[rng.integer(others.length)]!;
  };
  if (genotype.space === 'nas-bench-201') {
    const e = rng.integer(genotype.cell.length);
    return { ...genotype, cell: genotype.cell.with(e, otherOp(genotype.cell[e]!)) };
  }
  const name = rng.integer(2) === 0 ? 'normal' : 'reduce';
  const cell = genotype[name];
  const i = rng.integer(cell.length);
  const [op, from] = cell[i]!;
  const twin = cell[i % 2 === 0 ? i + 1 : i - 1]![1];
  const node = 2 + Math.floor(i / 2);
  const inputs = Array.from({ length: node }, (_, j) => j).filter((j) => j !== from && j !== twin);
  const next: Choice =
    inputs.length > 0 && rng.integer(2) === 0
      ? [op, inputs[rng.integer(inputs.length)]!]
      : [otherOp(op), from];
  return { ...genotype, [name]: cell.with(i, next) };
}
