// What a network would cost with fewer units: parameters, multiply-accumulates, or anything else that is a
// sum over its tensors, at any number of living units, without building the smaller network.

import type { Network } from '@ma-net/core';
import { latencyMeasure } from './latency.ts';
import { tableOf, type TimeRule, type UnitTargetRule } from './prune-rule.ts';
import type { LooseGroup } from './unit-groups.ts';

/** A part of a cost that depends on some groups only. */
export interface CostTerm {
  /** Indices of the groups that it depends on. */
  readonly groups: readonly number[];
  /** Its value when group g has `alive[g]` units. */
  at(alive: readonly number[]): number;
}

/** A cost of a network, as a sum. */
export interface Measure {
  readonly name: string;
  readonly terms: readonly CostTerm[];
}

export function measured({ terms }: Measure, alive: readonly number[]): number {
  return terms.reduce((sum, term) => sum + term.at(alive), 0);
}

/** How many numbers the parameters of the compacted network hold: params(n). */
export function parameterMeasure(network: Network, groups: readonly LooseGroup[]): Measure {
  return { name: 'params', terms: tensorTerms(network, groups, () => 1) };
}

/** Multiply-accumulates per image of the compacted network: macs(n). */
export function macMeasure(network: Network, groups: readonly LooseGroup[]): Measure {
  const terms = tensorTerms(network, groups, ({ positions }) => positions);
  return { name: 'macs', terms: [...terms, ...attentionTerms(network, groups)] };
}

/** What a rule counts. Throws `bad-argument` for a time without a table of latencies. */
export function measuresOf(
  network: Network,
  groups: readonly LooseGroup[],
  rule: UnitTargetRule,
): readonly Measure[] {
  const made = {
    params: () => parameterMeasure(network, groups),
    macs: () => macMeasure(network, groups),
    latency: () => latencyMeasure(network, groups, tableOf(rule as TimeRule)),
  };
  const names = rule.cost === 'both' ? (['params', 'macs'] as const) : [rule.cost];
  return names.map((name) => made[name]());
}

interface Axis {
  readonly size: number;
  /** Indices that one unit of a group takes. */
  readonly perUnit: ReadonlyMap<number, number>;
}

function tensorTerms(
  { parameters }: Network,
  groups: readonly LooseGroup[],
  weightOf: (spec: Network['parameters'][number]) => number,
): CostTerm[] {
  const taken = new Map<string, Map<number, Map<number, number>>>();
  groups.forEach(({ group }, g) => {
    for (const { tensor, axis, block } of group.members) {
      const axes = taken.get(tensor) ?? new Map<number, Map<number, number>>();
      const perUnit = axes.get(axis) ?? new Map<number, number>();
      perUnit.set(g, (perUnit.get(g) ?? 0) + block);
      taken.set(tensor, axes.set(axis, perUnit));
    }
  });
  const units = groups.map((group) => group.units);
  return parameters.flatMap((spec) => {
    const weight = weightOf(spec);
    if (weight === 0) return [];
    const axes = spec.shape.map(
      (size, axis): Axis => ({ size, perUnit: taken.get(spec.name)?.get(axis) ?? new Map() }),
    );
    return [
      {
        groups: [...new Set(axes.flatMap(({ perUnit }) => [...perUnit.keys()]))],
        at: (alive) => weight * axes.reduce((product, axis) => product * left(axis, units, alive), 1),
      },
    ];
  });
}

function left({ size, perUnit }: Axis, units: readonly number[], alive: readonly number[]): number {
  let rest = size;
  for (const [g, indices] of perUnit) rest -= indices * (units[g]! - alive[g]!);
  return rest;
}

/** Scores and mixtures of attention cost the same for every head: the difference that one head makes tells how much. */
function attentionTerms(network: Network, groups: readonly LooseGroup[]): CostTerm[] {
  if (network.activationMacs === 0) return [];
  const terms = groups.flatMap(({ group, units }, g): CostTerm[] => {
    if (units === 1) return [];
    const shapes: Record<string, readonly number[]> = {};
    for (const { tensor, axis, block } of group.members) {
      const spec = network.parameters.find(({ name }) => name === tensor);
      if (spec === undefined) continue;
      const before = shapes[tensor] ?? spec.shape;
      shapes[tensor] = before.map((size, i) => (i === axis ? size - block : size));
    }
    const perUnit = network.activationMacs - network.resized(shapes).activationMacs;
    return perUnit === 0 ? [] : [{ groups: [g], at: (alive) => perUnit * (alive[g]! - units) }];
  });
  return [{ groups: [], at: () => network.activationMacs }, ...terms];
}
