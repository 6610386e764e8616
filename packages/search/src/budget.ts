// What a search may find: networks of at most so many parameters and multiply-accumulates.

import { MaNetError, type Network, type Rng } from '@ma-net/core';
import { countMacs, countParameters } from '@ma-net/metrics';
import type { Genotype } from './genotype.ts';
import { genotypeOfPath, LEFT_OUT, pathOf } from './paths.ts';
import type { Projection } from './perturbation.ts';
import type { Path, Space, Table } from './space.ts';

/** At most what a network may have. */
export interface Limits {
  /** Trainable numbers. */
  readonly params?: number;
  /** Multiply-accumulates of one image. */
  readonly macs?: number;
}

/** The networks of a space that obey limits. */
export interface Budget {
  fits(path: Path): boolean;
  /** Whether a projection may still end in a network that fits, as far as each limit by itself tells. */
  couldFit(projection: Projection): boolean;
  /**
   * The path itself where it fits. Otherwise one operation or input after the other is another one, each time the one that
   * loses least of `worth` for what it saves.
   */
  within(path: Path, worth: Table): Path;
}

/** No limits. */
export const unlimited: Budget = { fits: () => true, couldFit: () => true, within: (path) => path };

/** Of all operations of both spaces that pass something on, the one that costs nothing. */
const FREE = 'avg_pool_3x3';

type Cost = readonly [params: number, macs: number];
const plus = ([a, b]: Cost, [c, d]: Cost): Cost => [a + c, b + d];

/**
 * The networks of a space that obey limits, counted exactly; `build` makes the network of a genotype. Throws `bad-argument` where
 * none does, with the smallest one.
 */
export function budgetOf(space: Space, limits: Limits, build: (genotype: Genotype) => Network): Budget {
  const { cells, edges, operations, inputs } = space;
  const most: Cost = [limits.params ?? Infinity, limits.macs ?? Infinity];
  const nodes = [...new Set(edges.map(({ to }) => to))];
  const endingIn = (node: number): number[] => edges.flatMap(({ to }, e) => (to === node ? [e] : []));
  const pooled = (over?: number): number[] => {
    const kept = nodes.flatMap((node) => {
      const ending = endingIn(node);
      const first = over !== undefined && ending.includes(over) ? [over] : [];
      return [...new Set([...first, ...ending])].slice(0, inputs ?? ending.length);
    });
    return edges.map((_, e) => (kept.includes(e) ? operations.indexOf(FREE) : LEFT_OUT));
  };
  const counted = (path: Path): Cost => {
    const network = build(genotypeOfPath(space, path));
    return [countParameters(network).total, countMacs(network)];
  };
  const smallest = Object.fromEntries(cells.map((cell) => [cell, pooled()]));
  const base = counted(smallest);
  refuseNone(space, most, base);

  // What an operation costs depends on its cell, and on whether it reads what the cell reads: only that is halved.
  const known = new Map<string, Cost>();
  const costOf = (cell: string, edge: number, o: number): Cost => {
    const key = [cell, edges[edge]!.from < 2, o].join();
    const before = known.get(key);
    if (before !== undefined) return before;
    const [params, macs] = counted({ ...smallest, [cell]: pooled(edge).with(edge, o) });
    const cost: Cost = [params - base[0], macs - base[1]];
    known.set(key, cost);
    return cost;
  };
  const exceeds = (cost: Cost): number =>
    cost.reduce((sum, value, i) => sum + Math.max(0, value / most[i]! - 1), 0);
  const excess = (path: Path): number =>
    exceeds(
      cells.reduce(
        (sum, cell) =>
          readEdges(space, path[cell]!).reduce(
            (total, e) => plus(total, costOf(cell, e, path[cell]![e]!)),
            sum,
          ),
        base,
      ),
    );
  return {
    fits: (path) => excess(path) === 0,
    couldFit({ decided, kept }) {
      const least = (cell: string, node: number, i: 0 | 1): number =>
        endingIn(node)
          .filter((e) => kept[cell]![e]!)
          .map((e) => (decided[cell]![e] === -1 ? 0 : costOf(cell, e, decided[cell]![e]!)[i]))
          .toSorted((a, b) => a - b)
          .slice(0, inputs ?? Infinity)
          .reduce((a, b) => a + b, 0);
      const all = cells.flatMap((cell) =>
        nodes.map((node): Cost => [least(cell, node, 0), least(cell, node, 1)]),
      );
      return exceeds(all.reduce(plus, base)) === 0;
    },
    within(path, worth) {
      let now = path;
      for (let over = excess(now); over > 0; over = excess(now)) {
        let best: { readonly path: Path; readonly price: number } | undefined;
        for (const { path: next, loss } of changesOf(space, now, worth)) {
          if (!letsThrough(space, next)) continue;
          const saved = over - excess(next);
          const price = loss / saved;
          if (saved > 0 && (best === undefined || price < best.price)) best = { path: next, price };
        }
        now = best!.path;
      }
      return now;
    },
  };
}

function refuseNone({ name }: Space, [params, macs]: Cost, [leastParams, leastMacs]: Cost): void {
  if (leastParams <= params && leastMacs <= macs) return;
  const asked = [
    ...(params === Infinity ? [] : [`${params} parameters`]),
    ...(macs === Infinity ? [] : [`${macs} multiply-accumulates`]),
  ];
  throw new MaNetError(
    'bad-argument',
    `No network of ${name} has at most ${asked.join(' and ')}: the smallest one has ${leastParams} parameters and ${leastMacs} multiply-accumulates.`,
    { where: 'network.budget', hint: 'allow more, or search with fewer channels or layers.' },
  );
}

/** Edges of a cell that something reads: in DARTS all nodes are read, in NAS-Bench-201 the last one. */
function readEdges({ edges, operations, inputs }: Space, row: readonly number[]): number[] {
  const read = new Set(inputs === undefined ? [edges.at(-1)!.to] : edges.map(({ to }) => to));
  const there: number[] = [];
  for (const [e, { from, to }] of [...edges.entries()].toReversed()) {
    const o = row[e]!;
    if (o === LEFT_OUT || operations[o] === 'none' || !read.has(to)) continue;
    read.add(from);
    there.push(e);
  }
  return there;
}

/** Whether something that enters a network of `path` comes out of it: in DARTS always, as no edge of it is empty. */
function letsThrough(space: Space, path: Path): boolean {
  const { cells, edges, inputs } = space;
  return (
    inputs !== undefined ||
    cells.every((cell) => readEdges(space, path[cell]!).some((e) => edges[e]!.from === 0))
  );
}

/** Every path that differs at one place, with what it loses of `worth`. */
function* changesOf(
  { edges, inputs }: Space,
  path: Path,
  worth: Table,
): Generator<{ readonly path: Path; readonly loss: number }> {
  for (const [cell, row] of Object.entries(path)) {
    for (const [e, o] of row.entries()) {
      if (o === LEFT_OUT) continue;
      for (const [f, { to }] of edges.entries()) {
        if (f !== e && (inputs === undefined || to !== edges[e]!.to || row[f] !== LEFT_OUT)) continue;
        for (const [other, value] of worth[cell]![f]!.entries()) {
          if (f === e && other === o) continue;
          const next = row.with(e, LEFT_OUT).with(f, other);
          yield { path: { ...path, [cell]: next }, loss: worth[cell]![e]![o]! - value };
        }
      }
    }
  }
}

/** The genotype of the largest weights, or one near it that fits. */
export function genotypeWithin(space: Space, budget: Budget, weights: Table): Genotype {
  const genotype = space.genotypeOf(weights);
  const path = pathOf(space, genotype);
  const near = budget.within(path, weights);
  return near === path ? genotype : genotypeOfPath(space, near);
}

/** Draws before a path may be one that is known, and before one that does not fit is changed until it does. */
const DRAWS = 100;

/** The first path of `make` that is new and fits; where hardly any is, one that fits. Moves `rng`. */
export function drawn(
  space: Space,
  budget: Budget,
  rng: Rng,
  make: (draw: number) => Path,
  isNew: (path: Path) => boolean,
): Path {
  let fitting: Path | undefined;
  let path = make(0);
  for (let draw = 1; draw <= DRAWS; draw++) {
    if (budget.fits(path)) {
      if (isNew(path)) return path;
      fitting = path;
    }
    path = make(draw);
  }
  if (fitting !== undefined) return fitting;
  const any = (): number[] => [...rng.uniforms(space.operations.length, 0, 1)];
  return budget.within(path, Object.fromEntries(space.cells.map((cell) => [cell, space.edges.map(any)])));
}
