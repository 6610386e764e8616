// Which units of which coupling groups stay, and what that leaves of every tensor.

import { type CouplingGroup, MaNetError, type Network } from '@ma-net/core';

/** The units that stay of one coupling group. */
export interface Cut {
  readonly group: string;
  /** Ascending. */
  readonly keep: readonly number[];
  readonly of: number;
}

/** Throws `prune-refused` or `network-mismatch` unless every cut can be made on `network`. */
export function checkCuts(network: Network, cuts: readonly Cut[]): void {
  for (const { group: id, keep, of } of cuts) {
    const where = `compaction plan, group "${id}"`;
    const group = network.groups.find((g) => g.id === id);
    if (group === undefined || group.units !== of) {
      throw new MaNetError(
        'network-mismatch',
        group === undefined
          ? `${network.name} has no coupling group "${id}".`
          : `The group has ${group.units} channels in ${network.name}, the plan expects ${of}.`,
        { where, hint: 'apply a plan to the network it was made on.' },
      );
    }
    const refuse = (why: string, hint: string): never => {
      throw new MaNetError('prune-refused', why, { where, hint });
    };
    if (keep.length === 0)
      refuse(`The plan removes all ${of} channels.`, 'keep at least one channel of every group.');
    const ascending = keep.every(
      (unit, i) => Number.isInteger(unit) && unit < of && unit > (keep[i - 1] ?? -1),
    );
    if (!ascending) {
      refuse(
        `The plan keeps the channels ${keep.join(', ')}, expected ascending whole numbers below ${of}.`,
        'use a plan as planCompaction made it.',
      );
    }
    const reason = whyWhole(group);
    if (reason !== undefined) refuse(`Its channels cannot be removed: ${reason}.`, 'leave this group whole.');
  }
}

/** Indices that stay, by tensor and axis. */
export type Keeps = ReadonlyMap<string, ReadonlyMap<number, readonly number[]>>;

/** What the cuts leave of every tensor that they touch. */
export function keptIndices(network: Network, cuts: readonly Cut[]): Keeps {
  const sizes = new Map(
    [...network.parameters, ...network.statistics].map(({ name, shape }) => [name, shape]),
  );
  const gone = new Map<string, Map<number, Set<number>>>();
  for (const { group: id, keep } of cuts) {
    const { units, members } = network.groups.find((g) => g.id === id)!;
    const kept = new Set(keep);
    for (const { tensor, axis, start, block } of members) {
      const axes = gone.get(tensor) ?? new Map<number, Set<number>>();
      const indices = axes.get(axis) ?? new Set<number>();
      for (let unit = 0; unit < units; unit++) {
        for (let i = 0; !kept.has(unit) && i < block; i++) indices.add(start + unit * block + i);
      }
      gone.set(tensor, axes.set(axis, indices));
    }
  }
  const remaining = (size: number, without: ReadonlySet<number>): number[] =>
    Array.from({ length: size }, (_, i) => i).filter((i) => !without.has(i));
  return new Map(
    [...gone].map(([tensor, axes]) => [
      tensor,
      new Map([...axes].map(([axis, indices]) => [axis, remaining(sizes.get(tensor)![axis]!, indices)])),
    ]),
  );
}

/** Shapes of all parameters after the cuts. */
export function shapesAfter(network: Network, cuts: readonly Cut[]): Record<string, readonly number[]> {
  const keeps = keptIndices(network, cuts);
  return Object.fromEntries(
    network.parameters.map(({ name, shape }) => [
      name,
      shape.map((size, axis) => keeps.get(name)?.get(axis)?.length ?? size),
    ]),
  );
}

/** Why no channel of a group can go; undefined when they can. */
export function whyWhole({ members, pinnedBy }: CouplingGroup): string | undefined {
  if (pinnedBy.length > 0) {
    return `they are read by ${pinnedBy.map(({ kind, name }) => `the ${kind} "${name}"`).join(', ')}`;
  }
  return members.some(({ role }) => role === 'read') ? undefined : 'no kernel reads them';
}
