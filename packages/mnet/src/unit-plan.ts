// Which units die: they leave in the order of their worth, the least first, until the network is as small as it
// has to be. A function of scores, sizes and the target alone: who died before does not matter, so that units come
// back when their scores do.

import { MaNetError } from '@ma-net/core';
import { allUnits, livingUnits, type LooseGroup, type UnitGroup, type UnitMasks } from './unit-groups.ts';
import type { UnitScores } from './unit-scores.ts';
import { type CostTerm, type Measure, measured } from './unit-size.ts';

export interface UnitFloor {
  /** At least this part of the units of a group stays. */
  readonly part: number;
  /** And at least so many of them. */
  readonly units: number;
}

export interface UnitTarget {
  /** What counts: the mean of these, each relative to the full network. */
  readonly measures: readonly Measure[];
  /** rho: this part of the cost of the whole network is to go. */
  readonly remove: number;
  /** beta: 0 removes in the order of the scores, 1 in the order of score per cost. */
  readonly beta: number;
  readonly floor: UnitFloor;
}

export interface UnitPlan {
  readonly masks: UnitMasks;
  /** v(n): the cost that is left, relative to the full network. */
  readonly cost: number;
  /** Whether the target was reached before every group stood at its floor. */
  readonly reached: boolean;
}

/**
 * Walks the units of all groups in ascending key, S_g[u] / (c_g / mean c)^beta, and lets them die until at most
 * 1 - remove of the cost is left; a group never falls below its floor. Ties go by group, then by unit.
 * Throws `bad-argument` for a target outside its range.
 */
export function planUnits(groups: readonly UnitGroup[], scores: UnitScores, target: UnitTarget): UnitPlan {
  checkTarget(target);
  const masks = allUnits(groups);
  const alive = livingUnits(masks);
  const cost = new RunningCost(target.measures, alive);
  const floors = groups.map(({ units }) => floorOf(units, target.floor));
  const order = walk(groups, scores, keysPerScore(groups, cost, target.beta));
  const goal = 1 - target.remove + 1e-12;
  for (const { g, unit } of order) {
    if (cost.value <= goal) break;
    if (alive[g]! <= floors[g]!) continue;
    masks[g]![unit] = 0;
    cost.lose(g, alive);
  }
  return { masks, cost: cost.value, reached: cost.value <= goal };
}

/**
 * The rule of a fixed threshold: a unit dies where its score is below min(delta * n_g, kappa), its share of the
 * group's release below delta; the best of each group stay up to its floor.
 */
export function unitsBelow(
  groups: readonly UnitGroup[],
  scores: UnitScores,
  { delta, kappa, floor }: { readonly delta: number; readonly kappa: number; readonly floor: UnitFloor },
): UnitMasks {
  return groups.map(({ units }, g) => {
    const theta = Math.min(delta * units, kappa);
    const ranked = Array.from({ length: units }, (_, unit) => unit).sort(
      (a, b) => scores[g]![b]! - scores[g]![a]! || a - b,
    );
    const best = new Set(ranked.slice(0, floorOf(units, floor)));
    return Uint8Array.from({ length: units }, (_, unit) =>
      Number(best.has(unit) || scores[g]![unit]! >= theta),
    );
  });
}

/** min_g. */
export function floorOf(units: number, floor: UnitFloor): number {
  return Math.min(units, Math.max(Math.ceil(floor.part * units), floor.units, 1));
}

/** The least that any plan can leave of the cost: every group at its floor. */
export function leastCost(
  groups: readonly LooseGroup[],
  measures: readonly Measure[],
  floor: UnitFloor,
): number {
  const full = groups.map(({ units }) => units);
  const least = full.map((units) => floorOf(units, floor));
  return costOf(measures, least, full);
}

/**
 * The uniformly slim network of the same cost: one part of the units of every group, rounded, the part by bisection.
 * Where several groups would round up at once and not all of them fit, those that come first do. Returns the units of
 * each group, at least 1: with any unit that the next larger part adds, more than 1 - remove of the cost would be left.
 */
export function slimUnits(
  groups: readonly LooseGroup[],
  measures: readonly Measure[],
  remove: number,
): number[] {
  const at = (part: number): number[] => groups.map(({ units }) => Math.max(1, Math.round(part * units)));
  const full = at(1);
  const fits = (alive: readonly number[]): boolean => costOf(measures, alive, full) <= 1 - remove + 1e-12;
  if (fits(full)) return full;
  let [low, high] = [0, 1];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (fits(at(middle))) low = middle;
    else high = middle;
  }
  const [slim, wider] = [at(low), at(high)];
  return slim.reduce(
    (alive, _, g) => {
      const more = alive.with(g, wider[g]!);
      return fits(more) ? more : alive;
    },
    [...slim],
  );
}

/** v(n): the mean over the measures of what is left, relative to the full network. */
export function costOf(
  measures: readonly Measure[],
  alive: readonly number[],
  full: readonly number[],
): number {
  return (
    measures.reduce((sum, measure) => sum + measured(measure, alive) / measured(measure, full), 0) /
    measures.length
  );
}

/** (c_g / mean c)^beta, group by group; c_g is what the first unit of a group costs. */
function keysPerScore(groups: readonly UnitGroup[], cost: RunningCost, beta: number): number[] {
  const full = groups.map(({ units }) => units);
  const unitCosts = groups.map((_, g) => cost.ofUnit(g, full));
  const units = full.reduce((sum, n) => sum + n, 0);
  const mean = unitCosts.reduce((sum, c, g) => sum + c * full[g]!, 0) / units;
  return unitCosts.map((c) => (c / mean) ** beta);
}

interface Step {
  readonly key: number;
  readonly g: number;
  readonly unit: number;
}

function walk(groups: readonly UnitGroup[], scores: UnitScores, divisors: readonly number[]): Step[] {
  const steps = groups.flatMap(({ units, id }, g) =>
    Array.from({ length: units }, (_, unit): Step => {
      const key = scores[g]![unit]! / divisors[g]!;
      if (Number.isNaN(key)) {
        throw new MaNetError('non-finite', `Unit ${unit} of "${id}" has no score.`, {
          where: 'plan of units',
          hint: 'pass one finite score for every unit of every group.',
        });
      }
      return { key, g, unit };
    }),
  );
  return steps.sort((a, b) => a.key - b.key || a.g - b.g || a.unit - b.unit);
}

/** The cost while units leave one by one; each step touches only the terms of its group. */
class RunningCost {
  readonly #measures: readonly { readonly full: number; readonly byGroup: ReadonlyMap<number, CostTerm[]> }[];
  readonly #now: number[];

  constructor(measures: readonly Measure[], alive: readonly number[]) {
    this.#now = measures.map((measure) => measured(measure, alive));
    this.#measures = measures.map(({ terms }, m) => {
      const byGroup = new Map<number, CostTerm[]>();
      for (const term of terms) {
        for (const g of term.groups) byGroup.set(g, [...(byGroup.get(g) ?? []), term]);
      }
      return { full: this.#now[m]!, byGroup };
    });
  }

  /** v(n). */
  get value(): number {
    const parts = this.#measures.map(({ full }, m) => this.#now[m]! / full);
    return parts.reduce((sum, part) => sum + part, 0) / parts.length;
  }

  /** Takes one unit of group `g` away, here and from `alive`. */
  lose(g: number, alive: number[]): void {
    const before = this.#measures.map(({ byGroup }) => sumOf(byGroup.get(g), alive));
    alive[g]!--;
    this.#measures.forEach(({ byGroup }, m) => {
      this.#now[m]! += sumOf(byGroup.get(g), alive) - before[m]!;
    });
  }

  /** c_g: by how much v shrinks with the first unit of `g`. */
  ofUnit(g: number, full: readonly number[]): number {
    const fewer = full.map((n, i) => (i === g ? n - 1 : n));
    const parts = this.#measures.map(
      (measure) =>
        (sumOf(measure.byGroup.get(g), full) - sumOf(measure.byGroup.get(g), fewer)) / measure.full,
    );
    return parts.reduce((sum, part) => sum + part, 0) / parts.length;
  }
}

function sumOf(terms: readonly CostTerm[] | undefined, alive: readonly number[]): number {
  return (terms ?? []).reduce((sum, term) => sum + term.at(alive), 0);
}

function checkTarget({ measures, remove, beta, floor }: UnitTarget): void {
  const wrong =
    (measures.length === 0 && 'it names no cost') ||
    (!(remove >= 0 && remove < 1) && `remove is ${remove}, expected 0 up to but not including 1`) ||
    (!(beta >= 0) && `beta is ${beta}, expected 0 or more`) ||
    (!(floor.part >= 0 && floor.part <= 1) && `floor.part is ${floor.part}, expected 0 to 1`) ||
    (!(floor.units >= 0) && `floor.units is ${floor.units}, expected 0 or more`);
  if (wrong === false) return;
  throw new MaNetError('bad-argument', `The target of units cannot be used: ${wrong}.`, {
    where: 'plan of units',
    hint: 'the defaults are remove 0.5, beta 0, floor { part: 0.1, units: 4 }.',
  });
}
