// Optimal transport with entropy, in double precision: between two lists (Cuturi 2013), and between two graphs by their labels
// and by what lies between their vertices (Vayer et al. 2019, arXiv:1805.09114; Peyre et al. 2016).

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** A potential that changes less than this part of the tolerance ends the sweeps; so does their number. */
const STILL = 1e-3;
const EXACT = 1e-9;
const MOST_SWEEPS = 1000;

/**
 * The plan between masses `p` and `q` of least cost, with entropy `epsilon`: Sinkhorn's sweeps on logarithms, rows first.
 */
export function sinkhorn(
  cost: Matrix,
  p: readonly number[],
  q: readonly number[],
  epsilon: number,
  tolerance = EXACT,
): number[][] {
  const [f, g] = [p.map(() => 0), q.map(() => 0)];
  const logSum = (n: number, of: (k: number) => number): number => {
    let most = -Infinity;
    for (let k = 0; k < n; k++) most = Math.max(most, of(k));
    let sum = 0;
    for (let k = 0; k < n; k++) sum += Math.exp(of(k) - most);
    return most + Math.log(sum);
  };
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let change = 0;
    for (let i = 0; i < p.length; i++) {
      const next = epsilon * (Math.log(p[i]!) - logSum(q.length, (j) => (g[j]! - cost[i]![j]!) / epsilon));
      change = Math.max(change, Math.abs(next - f[i]!));
      f[i] = next;
    }
    for (let j = 0; j < q.length; j++) {
      const next = epsilon * (Math.log(q[j]!) - logSum(p.length, (i) => (f[i]! - cost[i]![j]!) / epsilon));
      change = Math.max(change, Math.abs(next - g[j]!));
      g[j] = next;
    }
    if (change < STILL * tolerance) break;
  }
  return cost.map((row, i) => row.map((c, j) => Math.exp((f[i]! + g[j]! - c) / epsilon)));
}

/** Cost of a plan. */
export const costOf = (cost: Matrix, plan: Matrix): number =>
  cost.reduce((sum, row, i) => sum + row.reduce((s, c, j) => s + c * plan[i]![j]!, 0), 0);

/** A graph: what lies between its vertices, and how much each of them weighs. */
export interface WeighedGraph {
  readonly between: Matrix;
  readonly mass: readonly number[];
}

export interface FusedOptions {
  /** Part of the cost that is about what lies between vertices. */
  readonly alpha: number;
  readonly epsilon: number;
  /** A plan that changes less is the last one; 1e-9 unless given. */
  readonly tolerance?: number;
}

const MOST_ROUNDS = 100;

/** The fused Gromov-Wasserstein cost of two graphs with costs of labels between them, without its entropy, and its plan. */
export function fusedTransport(
  labels: Matrix,
  a: WeighedGraph,
  b: WeighedGraph,
  { alpha, epsilon, tolerance = EXACT }: FusedOptions,
): { readonly cost: number; readonly plan: number[][] } {
  const [p, q] = [a.mass, b.mass];
  const squares = ({ between, mass }: WeighedGraph): number[] =>
    between.map((row) => row.reduce((sum, d, k) => sum + d * d * mass[k]!, 0));
  const [ofA, ofB] = [squares(a), squares(b)];
  const gradient = (plan: Matrix): number[][] => {
    const met = product(product(a.between, plan), b.between);
    return labels.map((row, i) =>
      row.map((c, j) => (1 - alpha) * c + 2 * alpha * (ofA[i]! + ofB[j]! - 2 * met[i]![j]!)),
    );
  };
  let plan = p.map((pi) => q.map((qj) => pi * qj));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = sinkhorn(gradient(plan), p, q, epsilon, tolerance);
    const change = Math.max(
      ...next.flatMap((row, i) => row.map((value, j) => Math.abs(value - plan[i]![j]!))),
    );
    plan = next;
    if (change < tolerance) break;
  }
  const met = product(product(a.between, plan), b.between);
  const apart = labels.map((row, i) => row.map((_, j) => ofA[i]! + ofB[j]! - 2 * met[i]![j]!));
  return { cost: (1 - alpha) * costOf(labels, plan) + alpha * costOf(apart, plan), plan };
}

function product(a: Matrix, b: Matrix): number[][] {
  return a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
}
