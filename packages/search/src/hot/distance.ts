// How far two networks of cells are from each other: transport between the operations of two cells, and between the cells of
// two networks. Our design, after the abstract of Yang, Liu & Xu 2023 (CVPR, "HOTNAS"), whose program is not public.

import { reducesAt } from '../darts-network.ts';
import { type Choice, DARTS_NODES, type Genotype, OPERATIONS_OF_A_NODE } from '../genotype.ts';
import type { OperationName } from '../operations.ts';
import { spaceOf } from '../space.ts';
import { costOf, fusedTransport, type Matrix, sinkhorn } from './transport.ts';

type Label = OperationName | 'input' | 'output';

/** What an operation costs, the largest being 1. */
const COST: Readonly<Record<Label, number>> = {
  input: 0,
  output: 0,
  none: 0,
  skip_connect: 0.1,
  max_pool_3x3: 0.3,
  avg_pool_3x3: 0.3,
  nor_conv_1x1: 0.4,
  dil_conv_3x3: 0.6,
  dil_conv_5x5: 0.7,
  sep_conv_3x3: 0.8,
  sep_conv_5x5: 1,
  nor_conv_3x3: 1,
};
const CONVOLUTIONS: readonly string[] = ['sep', 'dil', 'nor'];
const family = (label: Label): string => (label.endsWith('pool_3x3') ? 'pool' : label.split('_', 1)[0]!);
/** Of an arc, beside what its ends cost. */
const ARC = 0.1;
const LEAST_MASS = 0.5;
const FAR = 3;
const [ALPHA, BETA, EPSILON] = [0.5, 0.5, 0.1];

/** A cell as a graph of its operations. */
export interface CellGraph {
  readonly labels: readonly Label[];
  readonly arcs: readonly (readonly [from: number, to: number])[];
  /** What lies on the way between two vertices, the largest being 1. */
  readonly between: Matrix;
  readonly mass: readonly number[];
}

/** The graph of one kind of cell of a genotype: `normal`, `reduce` or `cell`. */
export function cellGraph(genotype: Genotype, cell: string): CellGraph {
  const { labels, arcs } =
    genotype.space === 'darts' ? dartsGraph(genotype[cell as 'normal']) : benchGraph(genotype.cell);
  const weights = labels.map((label) => LEAST_MASS + COST[label]);
  const sum = weights.reduce((a, b) => a + b, 0);
  return { labels, arcs, between: flowCosts(labels, arcs), mass: weights.map((weight) => weight / sum) };
}

type Drawn = Pick<CellGraph, 'labels' | 'arcs'>;

/** Two inputs, the operations, an output that all of them feed. */
function dartsGraph(choices: readonly Choice[]): Drawn {
  const labels: Label[] = ['input', 'input', ...choices.map(([op]) => op), 'output'];
  const first = (node: number): number => 2 + (node - 2) * OPERATIONS_OF_A_NODE;
  const made = (node: number): number[] => (node < 2 ? [node] : [first(node), first(node) + 1]);
  const arcs = choices.flatMap(([, from], i) => made(from).map((v) => [v, 2 + i] as const));
  const ends = Array.from(
    { length: DARTS_NODES * OPERATIONS_OF_A_NODE },
    (_, i) => [2 + i, labels.length - 1] as const,
  );
  return { labels, arcs: [...arcs, ...ends] };
}

/** An input, the operations that do something, an output. */
function benchGraph(cell: readonly OperationName[]): Drawn {
  const { edges } = spaceOf('nas-bench-201');
  const there = edges.map((edge, e) => ({ ...edge, op: cell[e]! })).filter(({ op }) => op !== 'none');
  const labels: Label[] = ['input', ...there.map(({ op }) => op), 'output'];
  const into = (node: number): number[] =>
    node === 0 ? [0] : there.flatMap(({ to }, v) => (to === node ? [v + 1] : []));
  const arcs = there.flatMap(({ from }, v) => into(from).map((u) => [u, v + 1] as const));
  return { labels, arcs: [...arcs, ...into(3).map((u) => [u, labels.length - 1] as const)] };
}

/** Shortest ways, where an arc costs half of both its ends and a little more; what cannot be reached is far. */
function flowCosts(labels: readonly Label[], arcs: CellGraph['arcs']): number[][] {
  const n = labels.length;
  const d = labels.map((_, i) => labels.map((__, j) => (i === j ? 0 : Infinity)));
  for (const [u, v] of arcs) {
    const cost = (COST[labels[u]!] + COST[labels[v]!]) / 2 + ARC;
    d[u]![v] = Math.min(d[u]![v]!, cost);
    d[v]![u] = d[u]![v]!;
  }
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) d[i]![j] = Math.min(d[i]![j]!, d[i]![k]! + d[k]![j]!);
  const finite = Math.max(...d.flat().filter(Number.isFinite));
  const far = finite === 0 ? 1 : FAR * finite;
  const filled = d.map((row) => row.map((value) => (Number.isFinite(value) ? value : far)));
  const most = Math.max(...filled.flat());
  return filled.map((row) => row.map((value) => (most === 0 ? 0 : value / most)));
}

function labelCost(a: Label, b: Label): number {
  if (a === b) return 0;
  const [one, other] = [family(a), family(b)];
  if ([one, other].some((f) => f === 'input' || f === 'output')) return 1;
  if (one === other) return 0.25;
  return CONVOLUTIONS.includes(one) && CONVOLUTIONS.includes(other) ? 0.5 : 1;
}

/** The cost of carrying one cell into another, and the plan; of a cell into itself it is not 0, because of the entropy. */
export function cellTransport(
  a: CellGraph,
  b: CellGraph,
  tolerance?: number,
): { readonly cost: number; readonly plan: number[][] } {
  const labels = a.labels.map((one) => b.labels.map((other) => labelCost(one, other)));
  const how = tolerance === undefined ? {} : { tolerance };
  return fusedTransport(labels, a, b, { alpha: ALPHA, epsilon: EPSILON, ...how });
}

/** Remembers what was computed before: cells come again and again. */
export class Distances {
  readonly #cells = new Map<string, number>();
  readonly #networks = new Map<string, number>();
  readonly #tolerance: number | undefined;

  /** `tolerance`: where a plan that changes less is the last one. */
  constructor(tolerance?: number) {
    this.#tolerance = tolerance;
  }

  /** Between two cells: at least 0, and 0 of a cell from itself. */
  cells(a: CellGraph, b: CellGraph): number {
    return Math.max(0, this.#carried(a, b) - (this.#carried(a, a) + this.#carried(b, b)) / 2);
  }

  #carried(a: CellGraph, b: CellGraph): number {
    return remembered(this.#cells, [keyOf(a), keyOf(b)], () => cellTransport(a, b, this.#tolerance).cost);
  }

  /** Between two networks of one space, of `layers` cells. */
  networks(a: Genotype, b: Genotype, layers: number): number {
    const of = (x: Genotype, y: Genotype): number =>
      remembered(
        this.#networks,
        [JSON.stringify(x), JSON.stringify(y), String(layers)],
        () => this.transport(x, y, layers).cost,
      );
    return Math.max(0, of(a, b) - (of(a, a) + of(b, b)) / 2);
  }

  /** The cost of carrying one network into another, cell by cell. */
  transport(
    a: Genotype,
    b: Genotype,
    layers: number,
  ): { readonly cost: number; readonly plan: number[][]; readonly costs: Matrix } {
    const [as, bs] = [cellsOf(a, layers), cellsOf(b, layers)];
    const at = (i: number, count: number): number => (count === 1 ? 0 : i / (count - 1));
    const costs = as.map((x, i) =>
      bs.map((y, j) => this.cells(x, y) + BETA * Math.abs(at(i, as.length) - at(j, bs.length))),
    );
    const uniform = (count: number): number[] => Array.from({ length: count }, () => 1 / count);
    const plan = sinkhorn(costs, uniform(as.length), uniform(bs.length), EPSILON, this.#tolerance);
    return { cost: costOf(costs, plan), plan, costs };
  }
}

function remembered(known: Map<string, number>, key: readonly string[], of: () => number): number {
  const name = key.join(' ');
  let value = known.get(name);
  if (value === undefined) known.set(name, (value = of()));
  return value;
}

const keyOf = ({ labels, arcs }: CellGraph): string => JSON.stringify([labels, arcs]);

/** The cells of a network one after the other; three stages of one cell where that says it all. */
function cellsOf(genotype: Genotype, layers: number): CellGraph[] {
  if (genotype.space === 'nas-bench-201') return Array.from({ length: 3 }, () => cellGraph(genotype, 'cell'));
  const [normal, reduce] = [cellGraph(genotype, 'normal'), cellGraph(genotype, 'reduce')];
  return Array.from({ length: layers }, (_, i) => (reducesAt(i, layers) ? reduce : normal));
}
