// Sub-supernets side by side: which operations each of them has, and its weights.

import type { Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { readTable } from '../architecture.ts';
import type { Allowed } from '../paths.ts';
import type { Space } from '../space.ts';
import type { Groups } from './partition.ts';
import type { Owned } from './plan.ts';

/** Ones where a sub-supernet has an operation: [places * edges, operations] by kind of cell. */
export const allowedShapes = (
  { cells, edges, operations }: Space,
  places: number,
): Record<string, readonly number[]> =>
  Object.fromEntries(cells.map((cell) => [cell, [places * edges.length, operations.length]]));

/** What every place may choose. */
export async function readAllowed(space: Space, section: Params): Promise<Allowed[]> {
  const table = await readTable(space, section);
  const width = space.edges.length;
  const count = table[space.cells[0]!]!.length / width;
  const row = (values: readonly number[]): number[] => values.flatMap((value, o) => (value === 1 ? [o] : []));
  return Array.from({ length: count }, (_, place) =>
    Object.fromEntries(
      space.cells.map((cell) => [cell, table[cell]!.slice(place * width, (place + 1) * width).map(row)]),
    ),
  );
}

/** The section for what every place may choose, owned by the caller. */
export function uploadAllowed(
  { cells, operations }: Space,
  places: readonly Allowed[],
): Record<string, tf.Tensor> {
  const row = (allowed: readonly number[]): number[] => operations.map((_, o) => Number(allowed.includes(o)));
  return Object.fromEntries(
    cells.map((cell) => [cell, tf.tensor2d(places.flatMap((allowed) => allowed[cell]!.map(row)))]),
  );
}

/** The places after one sub-supernet was divided: of one edge, its first half has one group, its second half the other. */
export function dividedPlaces(
  places: readonly Allowed[],
  { at, places: owned }: Owned,
  { cell, edge }: { readonly cell: string; readonly edge: number },
  groups: Groups,
): Allowed[] {
  return places.map((allowed, place) => {
    if (place < at || place >= at + owned) return allowed;
    const group = groups[place < at + owned / 2 ? 0 : 1];
    return { ...allowed, [cell]: allowed[cell]!.with(edge, group) };
  });
}

/** Shapes of the weights and statistics of every place. */
export function weightShapes(
  network: {
    readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
    readonly statistics: readonly { readonly name: string; readonly shape: readonly number[] }[];
  },
  places: number,
): Record<string, readonly number[]> {
  const all = [...network.parameters, ...network.statistics];
  return Object.fromEntries(
    Array.from({ length: places }, (_, place) => place).flatMap((place) =>
      all.map(({ name, shape }): [string, readonly number[]] => [nameAt(place, name), shape]),
    ),
  );
}

const nameAt = (place: number, name: string): string => `${place}/${name}`;

/** The section in which the places of one sub-supernet hold these weights; the tensors of all others stay the same ones. */
export function keptAt(
  section: Params,
  { at, places }: Owned,
  { params, stats }: { readonly params: Params; readonly stats: Params },
): Record<string, tf.Tensor> {
  const next = { ...section };
  for (let place = at; place < at + places; place++)
    for (const [name, tensor] of [...Object.entries(params), ...Object.entries(stats)])
      next[nameAt(place, name)] = tensor.clone();
  return next;
}

/** The weights and statistics of one place, by the names in `like`; borrowed. */
export function weightsAt(
  section: Params,
  place: number,
  like: { readonly params: Params; readonly stats: Params },
): { readonly params: Params; readonly stats: Params } {
  const of = (names: Params): Params =>
    Object.fromEntries(Object.keys(names).map((name) => [name, section[nameAt(place, name)]!]));
  return { params: of(like.params), stats: of(like.stats) };
}
