// Compaction: channels that no living connection reads are physically removed, with everything that is
// coupled to them (section 11). The outputs do not change.

import { checkMasks, type CouplingGroup, MaNetError, maskOf, type Masks, type Network } from '@ma-net/core';
import { grouped, percent } from './plan.ts';

/** The units that stay of one coupling group. */
export interface Cut {
  readonly group: string;
  /** Ascending. */
  readonly keep: readonly number[];
  readonly of: number;
}

/** Which channels go. Plain data. */
export interface CompactionPlan {
  readonly network: string;
  readonly cuts: readonly Cut[];
  readonly removedParams: number;
  readonly totalParams: number;
  /** Multiply-accumulates per image. */
  readonly removedMacs: number;
  readonly totalMacs: number;
}

/**
 * Finds every channel whose readers have no living connection from it to a post-neuron that stays. A kernel without a
 * mask is alive. Removing a channel frees the ones it alone read, so this runs to a fixpoint. Throws
 * `prune-refused` when nothing would be left of a group: a network without it is another architecture.
 */
export function planCompaction(network: Network, masks: Masks): CompactionPlan {
  checkMasks(network, masks);
  const kernels = new Map(network.kernels.map((k) => [k.param, { ...k, mask: maskOf(k, masks) }]));
  const removedPosts = new Map(network.kernels.map((k) => [k.param, new Uint8Array(k.postNeurons)]));
  const candidates = network.groups
    .filter((group) => whyWhole(group) === undefined)
    .map((group) => ({ group, alive: new Set(Array.from({ length: group.units }, (_, unit) => unit)) }));

  const unread = (group: CouplingGroup, unit: number): boolean =>
    group.members.every(({ tensor, role, start, block }) => {
      if (role !== 'read') return true;
      const kernel = kernels.get(tensor);
      if (kernel === undefined) return false;
      const { mask, postNeurons } = kernel;
      const gone = removedPosts.get(tensor)!;
      const first = (start + unit * block) * postNeurons;
      for (let i = first; i < first + block * postNeurons; i++) {
        if (mask[i] !== 0 && gone[i % postNeurons] === 0) return false;
      }
      return true;
    });

  for (let changed = true; changed; ) {
    changed = false;
    for (const { group, alive } of candidates) {
      for (const unit of [...alive]) {
        if (alive.size === 1 || !unread(group, unit)) continue;
        alive.delete(unit);
        changed = true;
        for (const { tensor, role, start, block } of group.members) {
          if (role === 'write')
            removedPosts.get(tensor)?.fill(1, start + unit * block, start + (unit + 1) * block);
        }
      }
    }
  }

  const empty = candidates.filter(({ group, alive }) => unread(group, [...alive][0]!));
  if (empty.length > 0) throw nothingLeft(network, empty);
  const cuts = candidates
    .filter(({ group, alive }) => alive.size < group.units)
    .map(({ group, alive }): Cut => ({ group: group.id, keep: [...alive], of: group.units }));
  const smaller = network.resized(shapesAfter(network, cuts));
  const [before, after] = [cost(network), cost(smaller)];
  return {
    network: network.name,
    cuts,
    removedParams: before.params - after.params,
    totalParams: before.params,
    removedMacs: before.macs - after.macs,
    totalMacs: before.macs,
  };
}

function nothingLeft(network: Network, empty: readonly { readonly group: CouplingGroup }[]): MaNetError {
  const lines = empty.map(({ group: { id, units, members } }) => {
    const readers = [...new Set(members.filter((m) => m.role === 'read').map((m) => m.tensor))];
    return `  ${id}: ${units} ${units === 1 ? 'unit' : 'units'}, read by ${readers.join(', ')}`;
  });
  return new MaNetError(
    'prune-refused',
    `Nothing would be left of ${empty.length} coupling ${empty.length === 1 ? 'group' : 'groups'}, whose readers have no ` +
      `living connection to them. Nothing was cut.\n${lines.join('\n')}`,
    {
      where: `compaction of ${network.name}`,
      hint: 'remove fewer connections, or keep every channel in place and only zero the dead connections (--dense).',
    },
  );
}

/** What a compaction would do, for people. */
export function describeCompaction(network: Network, plan: CompactionPlan): string {
  const { cuts, removedParams, totalParams, removedMacs, totalMacs } = plan;
  const nameWidth = Math.max('group'.length, ...cuts.map((cut) => cut.group.length));
  const row = (name: string, keep: string, of: string): string =>
    `  ${name.padEnd(nameWidth)}  ${keep.padStart(6)}  ${of.padStart(6)}`;
  const whole = network.groups.length - cuts.length;
  const change = (total: number, removed: number): string =>
    `${grouped(total)} -> ${grouped(total - removed)}   (-${percent(removed, total)})`;
  return [
    row('group', 'keep', 'of'),
    ...cuts.map((cut) => row(cut.group, String(cut.keep.length), String(cut.of))),
    `  ${cuts.length} ${cuts.length === 1 ? 'group' : 'groups'} cut, ${whole} kept whole`,
    '',
    `  parameters  ${change(totalParams, removedParams)}`,
    `  MACs        ${change(totalMacs, removedMacs)}`,
  ].join('\n');
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

function cost({ parameters, activationMacs }: Network): { params: number; macs: number } {
  let [params, macs] = [0, activationMacs];
  for (const { shape, positions } of parameters) {
    const size = shape.reduce((a, b) => a * b, 1);
    params += size;
    macs += size * positions;
  }
  return { params, macs };
}
