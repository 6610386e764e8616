// What there is to choose: the edges of a cell, the operations of an edge, and what a choice comes to.

import {
  type Choice,
  DARTS_NODES,
  type DartsGenotype,
  type Genotype,
  OPERATIONS_OF_A_NODE,
  operationsOf,
  type SpaceName,
} from './genotype.ts';
import type { OperationName } from './operations.ts';

/** From one node of a cell to a later one. */
export interface Edge {
  readonly from: number;
  readonly to: number;
}

/** Numbers of every operation of every edge, by kind of cell. */
export type Table = Readonly<Record<string, readonly (readonly number[])[]>>;

/** One operation of every edge, by kind of cell: its place among those of the space, or -1 for an edge that is left out. */
export type Path = Readonly<Record<string, readonly number[]>>;

/** The name under which a supernet is given the weights of a kind of cell. */
export const weightsName = (cell: string): string => `weights.${cell}`;

export interface Space {
  readonly name: SpaceName;
  /** Kinds of cells that are chosen by themselves. */
  readonly cells: readonly string[];
  readonly edges: readonly Edge[];
  /** What every edge chooses from. */
  readonly operations: readonly OperationName[];
  /** How many edges end in a node, of those that could; all unless given. */
  readonly inputs?: number;
  /** The genotype of the largest weights that lets something through. */
  genotypeOf(weights: Table): Genotype;
}

/** The space called `name`; `none` is among the operations of DARTS only where it is asked for. */
export function spaceOf(name: SpaceName, { none = false }: { readonly none?: boolean } = {}): Space {
  return name === 'darts' ? dartsSpace(none) : nasBench201Space();
}

function dartsSpace(none: boolean): Space {
  const operations = operationsOf.darts.filter((op) => none || op !== 'none');
  const edges = edgesOf(2, DARTS_NODES);
  /** Of each node the inputs whose best operation weighs most, that one first (Liu et al. 2019, section 2.4). */
  const cellOf = (weights: readonly (readonly number[])[]): Choice[] =>
    Array.from({ length: DARTS_NODES }, (_, node) => node + 2).flatMap((to) =>
      edges
        .flatMap((edge, e) => (edge.to === to ? [{ from: edge.from, ...best(weights[e]!) }] : []))
        .toSorted((a, b) => b.weight - a.weight || a.from - b.from)
        .slice(0, OPERATIONS_OF_A_NODE)
        .map(({ op, from }): Choice => [op, from]),
    );
  const best = (row: readonly number[]): { readonly op: OperationName; readonly weight: number } =>
    operations
      .map((op, o) => ({ op, weight: row[o]! }))
      .filter(({ op }) => op !== 'none')
      .reduce((most, one) => (one.weight > most.weight ? one : most));
  return {
    name: 'darts',
    cells: ['normal', 'reduce'],
    edges,
    operations,
    inputs: OPERATIONS_OF_A_NODE,
    genotypeOf: ({ normal, reduce }): DartsGenotype => ({
      space: 'darts',
      normal: cellOf(normal!),
      reduce: cellOf(reduce!),
    }),
  };
}

function nasBench201Space(): Space {
  const operations = operationsOf['nas-bench-201'];
  const edges = edgesOf(1, 3);
  const nothing = operations.indexOf('none');
  return {
    name: 'nas-bench-201',
    cells: ['cell'],
    edges,
    operations,
    genotypeOf: ({ cell }) => {
      const most = cell!.map(largest);
      const something = cell!.map((row) => largest(row.with(nothing, -Infinity)));
      // Where nothing gets through, the way opens that loses least.
      const ways = waysThrough(edges);
      const price = (e: number): number => cell![e]![most[e]!]! - cell![e]![something[e]!]!;
      const prices = ways.map((way) => way.reduce((sum, e) => sum + (most[e] === nothing ? price(e) : 0), 0));
      const open = ways.some((way) => way.every((e) => most[e] !== nothing));
      const opened = open ? [] : ways[largest(prices.map((lost) => -lost))]!;
      return {
        space: 'nas-bench-201',
        cell: most.map((o, e) => operations[opened.includes(e) && o === nothing ? something[e]! : o]!),
      };
    },
  };
}

/** The edges of every way from the first node of a cell to its last one. */
export function waysThrough(edges: readonly Edge[]): readonly (readonly number[])[] {
  const last = Math.max(...edges.map(({ to }) => to));
  const from = (node: number): number[][] =>
    node === last
      ? [[]]
      : edges.flatMap((edge, e) => (edge.from === node ? from(edge.to).map((rest) => [e, ...rest]) : []));
  return from(0);
}

/** Every edge that ends in one of `nodes` nodes, of which `given` stand before. */
function edgesOf(given: number, nodes: number): Edge[] {
  return Array.from({ length: nodes }, (_, node) => given + node).flatMap((to) =>
    Array.from({ length: to }, (__, from) => ({ from, to })),
  );
}

/** The place of the largest number; of equals, the first. */
export function largest(row: readonly number[]): number {
  return row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);
}
