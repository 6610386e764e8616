// Selection by perturbation: what a trained supernet cannot do without stays. Wang et al. 2021 (arXiv:2108.04392),
// section 4.

import { type Budget, unlimited } from './budget.ts';
import type { Choice, Genotype } from './genotype.ts';
import type { Space, Table } from './space.ts';

/** What was decided, by kind of cell. */
export interface Projection {
  /** The operation of each edge; -1 while it is open. */
  readonly decided: Readonly<Record<string, readonly number[]>>;
  /** Which edges are still there. */
  readonly kept: Readonly<Record<string, readonly boolean[]>>;
}

/** A decision to take: the operation of an edge, or which inputs a node keeps. */
export type Question =
  | { readonly cell: string; readonly edge: number }
  | { readonly cell: string; readonly node: number };

/** What the supernet is measured without. */
export interface Candidate {
  readonly edge: number;
  /** All operations of the edge unless given. */
  readonly operation?: number;
}

/** Nothing decided yet. */
export function openProjection({ cells, edges }: Space): Projection {
  const each = <T>(value: T): Record<string, T[]> =>
    Object.fromEntries(cells.map((cell) => [cell, edges.map(() => value)]));
  return { decided: each(-1), kept: each(true) };
}

/** Nodes that have to let inputs go. */
export function crowdedNodes({ edges, inputs = Infinity }: Space): number[] {
  const nodes = [...new Set(edges.map(({ to }) => to))];
  return nodes.filter((node) => edges.filter(({ to }) => to === node).length > inputs);
}

/** Weights of a supernet: those of `open` edges as given, 1 and 0 of decided ones, without `candidate`. */
export function projectedWeights(
  { cells, operations }: Space,
  open: Table,
  { decided, kept }: Projection,
  without?: Candidate & { readonly cell: string },
): Table {
  const of = (cell: string, edge: number, o: number): number => {
    if (!kept[cell]![edge]!) return 0;
    if (without?.cell === cell && without.edge === edge && (without.operation ?? o) === o) return 0;
    const chosen = decided[cell]![edge]!;
    return chosen === -1 ? open[cell]![edge]![o]! : Number(chosen === o);
  };
  return Object.fromEntries(
    cells.map((cell) => [cell, open[cell]!.map((_, edge) => operations.map((__, o) => of(cell, edge, o)))]),
  );
}

/** What is measured to answer a question. */
export function candidatesOf({ edges, operations }: Space, question: Question): Candidate[] {
  if ('edge' in question) return operations.map((_, operation) => ({ edge: question.edge, operation }));
  return edges.flatMap(({ to }, edge) => (to === question.node ? [{ edge }] : []));
}

/**
 * The answer, from how good the supernet is without each candidate: an edge keeps the operation whose absence hurts most, of
 * equals the first; a node loses the inputs whose absence hurts least, of equals the last. Answers after which nothing could fit
 * the budget are passed over.
 */
export function answered(
  space: Space,
  projection: Projection,
  question: Question,
  scores: readonly number[],
  { couldFit }: Pick<Budget, 'couldFit'> = unlimited,
): Projection {
  const { cell } = question;
  const candidates = candidatesOf(space, question);
  const fitting = (answers: readonly Projection[]): Projection => answers.find(couldFit) ?? answers[0]!;
  const byScore = scores.map((_, i) => i).toSorted((a, b) => scores[a]! - scores[b]! || a - b);
  if ('edge' in question) {
    const keeping = (o: number): Projection => {
      const decided = projection.decided[cell]!.with(question.edge, o);
      return { ...projection, decided: { ...projection.decided, [cell]: decided } };
    };
    return fitting(byScore.map(keeping));
  }
  let now = projection;
  const left = byScore.toReversed().map((i) => candidates[i]!.edge);
  while (left.length > (space.inputs ?? Infinity)) {
    const without = (edge: number): Projection => {
      const kept = now.kept[cell]!.with(edge, false);
      return { ...now, kept: { ...now.kept, [cell]: kept } };
    };
    now = fitting(left.map(without));
    left.splice(
      left.findIndex((edge) => !now.kept[cell]![edge]!),
      1,
    );
  }
  return now;
}

/** The genotype of a projection in which all is decided. */
export function genotypeOfProjection(space: Space, { decided, kept }: Projection): Genotype {
  const { operations, edges } = space;
  if (space.name === 'nas-bench-201')
    return { space: 'nas-bench-201', cell: decided['cell']!.map((o) => operations[o]!) };
  const cellOf = (cell: string): Choice[] =>
    edges.flatMap(({ from }, e): Choice[] =>
      kept[cell]![e]! ? [[operations[decided[cell]![e]!]!, from]] : [],
    );
  return { space: 'darts', normal: cellOf('normal'), reduce: cellOf('reduce') };
}

/** Questions in the order in which they are asked, in groups with a training after each. */
export function questionsOf(
  { cells }: Space,
  orders: {
    readonly edges: Readonly<Record<string, readonly number[]>>;
    readonly nodes: Readonly<Record<string, readonly number[]>>;
  },
): Question[][] {
  const [first] = cells;
  return [
    ...orders.edges[first!]!.map((_, i) => cells.map((cell) => ({ cell, edge: orders.edges[cell]![i]! }))),
    ...orders.nodes[first!]!.map((_, i) => cells.map((cell) => ({ cell, node: orders.nodes[cell]![i]! }))),
  ];
}
