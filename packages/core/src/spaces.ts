// Spaces are the channels of values while a program is described: who makes them, normalises them, reads
// them. Values that are added share theirs; what is left at the end are the coupling groups.

import type { CouplingGroup, CouplingMember, Pin } from './network.ts';

/** Channels that can only go together, unit by unit. Joined spaces point to the one they became. */
export interface Space {
  /** How many spaces there were before it: the earliest names the group. */
  readonly order: number;
  readonly id: string;
  units: number;
  /** Channels of one unit: 1, or the width of an attention head. */
  block: number;
  readonly members: CouplingMember[];
  readonly pinnedBy: Pin[];
  joined?: Space;
}

/** A value without numbers. */
export interface Shaped {
  /** All axes but the batch. */
  readonly shape: readonly number[];
  /** What its last axis, the channels, consists of. */
  readonly spaces: readonly Space[];
  /** Input pixels from one position to the next, along each side; 0 for what has no positions. */
  readonly stride: number;
}

/** What became of a space. */
export function rootOf(space: Space): Space {
  let root = space;
  while (root.joined !== undefined) root = root.joined;
  return root;
}

/** Notes that one axis of `tensor` runs over the channels of `x`, or over its units. */
export function attach(
  x: Pick<Shaped, 'spaces'>,
  tensor: string,
  axis: number,
  role: CouplingMember['role'],
  over: 'channels' | 'units' = 'channels',
): void {
  let start = 0;
  for (const space of x.spaces.map(rootOf)) {
    const block = over === 'channels' ? space.block : 1;
    space.members.push({ tensor, axis, start, block, role });
    start += space.units * block;
  }
}

/** Keeps every channel of `x` for good. */
export function pin(x: Pick<Shaped, 'spaces'>, by: Pin): void {
  for (const space of new Set(x.spaces.map(rootOf))) pinned(space, by);
}

function pinned({ pinnedBy }: Space, by: Pin): void {
  if (!pinnedBy.some(({ kind, name }) => kind === by.kind && name === by.name)) pinnedBy.push(by);
}

/**
 * Makes the channels of two values one: neither can lose a unit without the other. Where they do not consist of the
 * same units, all are kept for good, because of the layer that joins them.
 */
export function join(a: Pick<Shaped, 'spaces'>, b: Pick<Shaped, 'spaces'>, by: Pin): void {
  const [as, bs] = [a.spaces.map(rootOf), b.spaces.map(rootOf)];
  const alike = (s: Space, i: number): boolean => s.units === bs[i]!.units && s.block === bs[i]!.block;
  if (as.length !== bs.length || !as.every(alike)) {
    for (const x of [a, b]) pin(x, by);
    return;
  }
  as.forEach((_, i) => {
    const pair = [rootOf(as[i]!), rootOf(bs[i]!)] as const;
    if (pair[0] === pair[1]) return;
    const [kept, gone] = pair.toSorted((x, y) => x.order - y.order) as [Space, Space];
    kept.members.push(...gone.members);
    for (const other of gone.pinnedBy) pinned(kept, other);
    gone.joined = kept;
  });
}

/**
 * Makes every `block` neighbouring channels of `x` one unit; keeps them for good where they are other units already, or
 * where one would lie partly in the channels of another layer.
 */
export function coarsen(x: Pick<Shaped, 'spaces'>, block: number, by: Pin): void {
  let start = 0;
  for (const space of x.spaces.map(rootOf)) {
    if (start % block !== 0) pinned(space, by);
    start += space.units * space.block;
  }
  for (const space of new Set(x.spaces.map(rootOf))) {
    if (space.block === block) continue;
    if (space.block !== 1 || space.units % block !== 0) {
      pinned(space, by);
      continue;
    }
    space.units /= block;
    space.block = block;
    space.members.splice(0, Infinity, ...space.members.map((m) => ({ ...m, block: m.block * block })));
  }
}

/** The coupling groups: the spaces that became no other. */
export function groupsOf(spaces: readonly Space[]): CouplingGroup[] {
  return spaces
    .filter((space) => space.joined === undefined)
    .map(({ id, units, members, pinnedBy }) => ({ id, units, members, pinnedBy }));
}
