// One coupling group for people: whose axes run over its channels, and which slices go with its units.

import { type CouplingGroup, type CouplingMember, MaNetError, type Network, suggestion } from '@ma-net/core';
import { type Cut, checkCuts, whyWhole } from './cuts.ts';
import { span } from './unit-groups.ts';

export interface GroupText {
  /** What goes; nothing unless given. */
  readonly cuts?: readonly Cut[];
  /** How many runs of neighbours each line lists before it counts the others; all of them unless given. */
  readonly runs?: number;
}

/**
 * The coupling group `id` with its members: kernels that make its channels, what has one number per channel, kernels that
 * read them; with the axis of each, and the indices on it that go. Throws `unknown-name` for another group, what
 * `checkCuts` throws for cuts that cannot be made.
 */
export function describeGroup(network: Network, id: string, { cuts = [], runs }: GroupText = {}): string {
  const group = network.groups.find((one) => one.id === id);
  if (group === undefined) {
    throw new MaNetError('unknown-name', `${network.name} has no coupling group "${id}".`, {
      hint: suggestion(
        id,
        network.groups.map((one) => one.id),
      ),
    });
  }
  checkCuts(network, cuts);
  const cut = cuts.find((one) => one.group === id);
  const gone = cut === undefined ? [] : others(cut);
  const { units } = group;
  const reason = whyWhole(group);
  const rows = membersOf(network, group, gone).map(({ role, tensor, place, indices }) => [
    `  ${role}`,
    tensor,
    place,
    gone.length === 0 ? '' : text(indices, runs),
  ]);
  const fate =
    reason === undefined
      ? `${units - gone.length} of ${units} units stay${gone.length === 0 ? '' : `, gone: ${text(gone, runs)}`}`
      : `all ${units} units stay: ${reason}`;
  return [`${id}: ${fate}`, ...table(rows)].join('\n');
}

interface Member {
  readonly role: string;
  readonly tensor: string;
  readonly place: string;
  readonly indices: readonly number[];
}

/** Members in the order of the network; those of one axis, as behind a flattened image, are one. */
function membersOf(network: Network, { members }: CouplingGroup, gone: readonly number[]): Member[] {
  const tensors = [...network.parameters, ...network.statistics];
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const statistics = new Set(network.statistics.map(({ name }) => name));
  const same = (a: CouplingMember, b: CouplingMember): boolean =>
    a.tensor === b.tensor && a.axis === b.axis && a.role === b.role;
  const firsts = members.filter((member, i) => members.findIndex((other) => same(member, other)) === i);
  return firsts.map((first) => {
    const { tensor, axis, role } = first;
    const all = members.filter((member) => same(member, first));
    const indices = all.flatMap((member) => gone.flatMap((unit) => indicesOf(member, unit)));
    return {
      role: statistics.has(tensor) ? 'statistic' : ROLES[role],
      tensor,
      place: `axis ${axis} of [${shapes.get(tensor)!.join(', ')}]`,
      indices: indices.toSorted((a, b) => a - b),
    };
  });
}

const ROLES: Readonly<Record<CouplingMember['role'], string>> = {
  write: 'made by',
  norm: 'follows',
  read: 'read by',
};

function indicesOf(member: CouplingMember, unit: number): number[] {
  const { from, to } = span(member, unit);
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function others({ keep, of }: Cut): number[] {
  const kept = new Set(keep);
  return Array.from({ length: of }, (_, unit) => unit).filter((unit) => !kept.has(unit));
}

/** 0, 1, 2, 5 -> "0-2, 5". */
function text(ascending: readonly number[], most = Infinity): string {
  const runs: [number, number][] = [];
  for (const i of ascending) {
    const last = runs.at(-1);
    if (last?.[1] === i - 1) last[1] = i;
    else runs.push([i, i]);
  }
  const shown = runs.slice(0, most);
  const rest = runs.slice(most).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  const words = shown.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
  return rest === 0 ? words.join(', ') : `${words.join(', ')} and ${rest} more`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((row) => row[k]!.length)));
  return rows.map((row) =>
    row
      .map((cell, k) => cell.padEnd(widths[k]!))
      .join('  ')
      .trimEnd(),
  );
}
