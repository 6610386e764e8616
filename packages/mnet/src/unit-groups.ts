// Which units of which coupling groups may die (neuron-level pruning), and who reads and writes them.

import type { CouplingGroup, CouplingMember, ModulatedKernel, Network } from '@ma-net/core';

/** A coupling group that can lose units. */
export interface LooseGroup {
  readonly id: string;
  readonly units: number;
  readonly group: CouplingGroup;
}

/** A coupling group whose units may die, because every kernel that reads them is modulated. */
export interface UnitGroup extends LooseGroup {
  readonly readers: readonly Touching[];
}

/** A modulated kernel, and where units of a group lie on one of its axes. */
export interface Touching {
  readonly kernel: ModulatedKernel;
  /** More than one behind a flattened image: each position has a row of its own. */
  readonly members: readonly CouplingMember[];
}

/** Living units: one mask a group, 1 where a unit lives; in the order of the groups. */
export type UnitMasks = readonly Uint8Array[];

/**
 * The groups of `network` in which units may die: nothing pins them, somebody reads them, and every reader is
 * among `kernels`. A reader without gates would go on using a dead unit, and compaction would not be exact.
 */
export function unitGroups(
  { groups }: Pick<Network, 'groups'>,
  kernels: readonly ModulatedKernel[],
): UnitGroup[] {
  const byName = new Map(kernels.map((kernel) => [kernel.param, kernel]));
  return groups.flatMap((group) => {
    if (group.pinnedBy.length > 0) return [];
    const reads = group.members.filter(({ role }) => role === 'read');
    const gated = reads.every(({ tensor, axis }) => byName.get(tensor)?.preAxis === axis);
    if (reads.length === 0 || !gated) return [];
    const names = [...new Set(reads.map(({ tensor }) => tensor))];
    const readers = names.map(
      (name): Touching => ({
        kernel: byName.get(name)!,
        members: reads.filter(({ tensor }) => tensor === name),
      }),
    );
    return [{ id: group.id, units: group.units, group, readers }];
  });
}

/** Masks in which every unit lives. */
export function allUnits(groups: readonly LooseGroup[]): Uint8Array[] {
  return groups.map(({ units }) => new Uint8Array(units).fill(1));
}

/** How many units live, group by group. */
export function livingUnits(masks: UnitMasks): number[] {
  return masks.map((mask) => mask.reduce((sum, alive) => sum + Number(alive !== 0), 0));
}

/** Indices of one unit on the axis that `member` describes: `from` up to but not including `to`. */
export function span({ start, block }: CouplingMember, unit: number): { from: number; to: number } {
  return { from: start + unit * block, to: start + (unit + 1) * block };
}

/** The groups of `network` that can lose units at all, whatever is modulated: nothing pins them, and somebody reads them. */
export function looseGroups({ groups }: Pick<Network, 'groups'>): LooseGroup[] {
  return groups
    .filter(({ pinnedBy, members }) => pinnedBy.length === 0 && members.some(({ role }) => role === 'read'))
    .map((group) => ({ id: group.id, units: group.units, group }));
}

/**
 * mu_out of every kernel: 1 for each post-neuron that lives. Post-neurons of no prunable group (classes, a
 * residual stream that a layer normalisation holds) always do.
 */
export function livingPostNeurons(
  groups: readonly UnitGroup[],
  kernels: readonly ModulatedKernel[],
  masks: UnitMasks,
): Map<string, Uint8Array> {
  const living = new Map(kernels.map((k) => [k.param, new Uint8Array(k.postNeurons).fill(1)]));
  const postAxes = new Map(kernels.map((k) => [k.param, k.postAxis]));
  groups.forEach(({ group, units }, g) => {
    for (const member of group.members) {
      if (member.role !== 'write' || postAxes.get(member.tensor) !== member.axis) continue;
      for (let unit = 0; unit < units; unit++) {
        const { from, to } = span(member, unit);
        if (masks[g]![unit] === 0) living.get(member.tensor)!.fill(0, from, to);
      }
    }
  });
  return living;
}
