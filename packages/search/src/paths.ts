// Networks of a space as paths through its supernet: drawn at random, changed, mixed, and written into tensors.

import type { Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Choice, Genotype } from './genotype.ts';
import { type Edge, type Path, type Space, weightsName } from './space.ts';

/** The operations that every edge may choose, by kind of cell: places among those of the space. */
export type Allowed = Readonly<Record<string, readonly (readonly number[])[]>>;

/** A network that was tried, and how good it was; larger is better. */
export interface TriedPath {
  readonly path: Path;
  readonly score: number;
}

/** What a path holds at an edge that it leaves out. */
export const LEFT_OUT = -1;

/** Every operation of every edge. */
export function everything({ cells, edges, operations }: Space): Allowed {
  const all = operations.map((_, o) => o);
  return Object.fromEntries(cells.map((cell) => [cell, edges.map(() => all)]));
}

/** The path of a genotype through the supernet. */
export function pathOf({ operations, edges, cells }: Space, genotype: Genotype): Path {
  if (genotype.space === 'nas-bench-201') return { cell: genotype.cell.map((op) => operations.indexOf(op)) };
  return Object.fromEntries(
    cells.map((cell) => {
      const choices = genotype[cell as 'normal'];
      const at = edges.map(({ from, to }) => {
        const i = choices.findIndex(([, input], k) => input === from && 2 + Math.floor(k / 2) === to);
        return i === -1 ? LEFT_OUT : operations.indexOf(choices[i]![0]);
      });
      return [cell, at];
    }),
  );
}

/** The genotype of a path; the inputs of a node in ascending order. */
export function genotypeOfPath({ name, operations, edges }: Space, path: Path): Genotype {
  if (name === 'nas-bench-201') return { space: name, cell: path['cell']!.map((o) => operations[o]!) };
  const choices = (cell: string): Choice[] =>
    path[cell]!.flatMap((o, e): Choice[] => (o === LEFT_OUT ? [] : [[operations[o]!, edges[e]!.from]]));
  return { space: name, normal: choices('normal'), reduce: choices('reduce') };
}

/** Any path of allowed operations, each as likely; it goes over the edge `over` where that is given. Moves `rng`. */
export function randomPath(
  { cells, edges, inputs }: Space,
  allowed: Allowed,
  rng: Rng,
  over?: { readonly cell: string; readonly edge: number },
): Path {
  return Object.fromEntries(
    cells.map((cell) => {
      const row = edges.map(() => LEFT_OUT);
      for (const ending of edgesByEnd(edges)) {
        const order = Array.from(rng.permutation(ending.length), (i) => ending[i]!);
        const forced = over?.cell === cell && ending.includes(over.edge) ? [over.edge] : [];
        const kept = [...new Set([...forced, ...order])].slice(0, inputs ?? ending.length);
        for (const e of kept.toSorted((a, b) => a - b)) row[e] = anyOf(allowed[cell]![e]!, rng);
      }
      return [cell, row];
    }),
  );
}

/** A path in which every operation, and every input that could be another, is another one with a chance. Moves `rng`. */
export function mutatedPath(
  { edges, inputs, operations }: Space,
  path: Path,
  chance: number,
  rng: Rng,
): Path {
  const all = operations.map((_, o) => o);
  return Object.fromEntries(
    Object.entries(path).map(([cell, given]) => {
      const row = [...given];
      for (const [e, o] of given.entries()) {
        if (o === LEFT_OUT) continue;
        if (rng.uniform() < chance)
          row[e] = anyOf(
            all.filter((other) => other !== o),
            rng,
          );
        const free = edges.flatMap(({ to }, f) => (to === edges[e]!.to && row[f] === LEFT_OUT ? [f] : []));
        if (inputs === undefined || free.length === 0 || rng.uniform() >= chance) continue;
        row[anyOf(free, rng)] = row[e]!;
        row[e] = LEFT_OUT;
      }
      return [cell, row];
    }),
  );
}

/**
 * The path `one` with parts of `other`, each taken with a chance: edges, or where a node chooses its inputs all that end in
 * it. Moves `rng`.
 */
export function crossedPath(
  { edges, inputs }: Space,
  one: Path,
  other: Path,
  chance: number,
  rng: Rng,
): Path {
  const parts = inputs === undefined ? edges.map((_, e) => [e]) : edgesByEnd(edges);
  return Object.fromEntries(
    Object.entries(one).map(([cell, given]) => {
      const row = [...given];
      for (const part of parts) if (rng.uniform() < chance) for (const e of part) row[e] = other[cell]![e]!;
      return [cell, row];
    }),
  );
}

/** Whether a path has allowed operations alone. */
export const isWithin = (path: Path, allowed: Allowed): boolean =>
  Object.entries(path).every(([cell, row]) =>
    row.every((o, e) => o === LEFT_OUT || allowed[cell]![e]!.includes(o)),
  );

/** Places of edges, by the node in which they end. */
function edgesByEnd(edges: readonly Edge[]): number[][] {
  const nodes = [...new Set(edges.map(({ to }) => to))];
  return nodes.map((node) => edges.flatMap(({ to }, e) => (to === node ? [e] : [])));
}

const anyOf = (places: readonly number[], rng: Rng): number => places[rng.integer(places.length)]!;

/** A section with one path, as columns. */
export const pathShapes = ({ cells, edges }: Space): Record<string, readonly number[]> =>
  Object.fromEntries(cells.map((cell) => [cell, [edges.length, 1]]));

/** A path as such a section, owned by the caller; one that leaves everything out unless given. */
export function uploadPath({ cells, edges }: Space, path?: Path): Record<string, tf.Tensor> {
  const column = (cell: string): readonly number[] => path?.[cell] ?? edges.map(() => LEFT_OUT);
  return Object.fromEntries(cells.map((cell) => [cell, tf.tensor2d([...column(cell)], [edges.length, 1])]));
}

export async function readPath({ cells }: Space, path: Params): Promise<Path> {
  const read = cells.map(
    async (cell): Promise<[string, number[]]> => [cell, [...(await path[cell]!.data())]],
  );
  return Object.fromEntries(await Promise.all(read));
}

/** What the supernet is given for a path: ones and zeros. Of tensors, as the section holds them. */
export function chosen({ cells, operations }: Space, path: Params): Params {
  const places = tf.reshape(tf.range(0, operations.length), [1, -1]);
  return Object.fromEntries(
    cells.map((cell) => [weightsName(cell), tf.cast(tf.equal(path[cell]!, places), 'float32')]),
  );
}

/** A section of `count` networks that are tried: their paths, and their scores. */
export const triedShapes = ({ cells, edges }: Space, count: number): Record<string, readonly number[]> => ({
  paths: [count, cells.length * edges.length],
  scores: [count],
});

/** The first networks that were tried. */
export async function readTried(space: Space, tried: Params, count: number): Promise<TriedPath[]> {
  const [paths, scores] = await Promise.all([tried['paths']!.data(), tried['scores']!.data()]);
  const width = space.edges.length;
  return Array.from({ length: count }, (_, i) => ({
    path: Object.fromEntries(
      space.cells.map((cell, c) => {
        const start = (i * space.cells.length + c) * width;
        return [cell, [...paths.slice(start, start + width)]];
      }),
    ),
    score: scores[i]!,
  }));
}

/** The section with other networks from place `at` on, or other scores; owned by the caller. */
export async function withTried(
  { cells }: Space,
  tried: Params,
  at: number,
  next: { readonly paths?: readonly Path[]; readonly scores?: readonly number[] },
): Promise<Record<string, tf.Tensor>> {
  const [paths, scores] = [tried['paths']!, tried['scores']!];
  const rows = (next.paths ?? []).flatMap((path) => cells.flatMap((cell) => path[cell]!));
  const written = async (into: tf.Tensor, values: readonly number[], start: number): Promise<tf.Tensor> => {
    if (values.length === 0) return into.clone();
    const all = Float32Array.from(await into.data());
    all.set(values, start);
    return tf.tensor(all, into.shape);
  };
  return {
    paths: await written(paths, rows, at * paths.shape[1]!),
    scores: await written(scores, next.scores ?? [], at),
  };
}
