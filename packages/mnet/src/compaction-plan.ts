// Compaction: channels that no living connection reads are physically removed, with everything that is
// coupled to them (section 11). The outputs do not change.

import { checkMasks, type CouplingGroup, MaNetError, maskOf, type Masks, type Network } from '@ma-net/core';
import { type Cut, shapesAfter, whyWhole } from './cuts.ts';
import { grouped, percent } from './quantities.ts';

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

function cost({ parameters, activationMacs }: Network): { params: number; macs: number } {
  let [params, macs] = [0, activationMacs];
  for (const { shape, positions } of parameters) {
    const size = shape.reduce((a, b) => a * b, 1);
    params += size;
    macs += size * positions;
  }
  return { params, macs };
}
