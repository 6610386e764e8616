// Distances by transport and the process on them, against POT and scikit-learn.

import { describe, expect, test } from 'vitest';
import { fixture, type Values } from '../../test/formulas.ts';
import type { Genotype } from '../genotype.ts';
import { type CellGraph, cellGraph, cellTransport, Distances } from './distance.ts';
import { erf } from './erf.ts';
import { eigen, kernelMatrix, posterior } from './process.ts';
import { fusedTransport, sinkhorn } from './transport.ts';

interface Pair {
  readonly a: string;
  readonly b: string;
}
interface Oracle {
  readonly archs: Readonly<Record<string, Genotype & { readonly layers?: number }>>;
  readonly cells: Readonly<
    Record<
      string,
      {
        readonly labels: string[];
        readonly edges: number[][];
        readonly flowCost: Values;
        readonly mass: Values;
      }
    >
  >;
  readonly cellPairs: readonly (Pair & {
    readonly fgw: number;
    readonly plan: Values;
    readonly debiased: number;
    readonly potEntropicPGD: number;
  })[];
  readonly netPairs: readonly (Pair & {
    readonly cost: Values;
    readonly plan: Values;
    readonly value: number;
    readonly potExact: number;
    readonly distance: number;
  })[];
  readonly names: readonly string[];
  readonly matrix: Values;
  readonly relabelling: Pair & { readonly permutation: readonly number[]; readonly fgw: number };
}
const oracle = fixture<Oracle>('distance');
const LAYERS = 6;
const close = (values: readonly number[], digits = 6): unknown[] =>
  values.map((value) => expect.closeTo(value, digits) as number);
const archOf = (name: string): Genotype => {
  const { layers: _, ...arch } = oracle.archs[name]!;
  return (arch.space as string) === 'nb201' ? ({ ...arch, space: 'nas-bench-201' } as Genotype) : arch;
};
const graphOf = (name: string): CellGraph => {
  const [arch, cell] = name.split('.') as [string, string];
  return cellGraph(archOf(arch), cell);
};

test.each(Object.keys(oracle.cells))('the graph of %s: vertices, arcs, costs and masses', (name) => {
  const { labels, edges, flowCost, mass } = oracle.cells[name]!;
  const graph = graphOf(name);
  expect(graph.labels).toEqual(labels);
  const sorted = (arcs: readonly (readonly number[])[]): string[] => arcs.map((arc) => arc.join()).toSorted();
  expect(sorted(graph.arcs)).toEqual(sorted(edges));
  expect(graph.between.flat()).toEqual(close(flowCost.data, 8));
  expect(graph.mass).toEqual(close(mass.data, 8));
});

describe('cells', () => {
  const distances = new Distances();
  test.each(oracle.cellPairs)('from $a to $b', ({ a, b, fgw, plan, debiased, potEntropicPGD }) => {
    const [from, to] = [graphOf(a), graphOf(b)];
    const found = cellTransport(from, to);
    expect(found.cost).toBeCloseTo(fgw, 6);
    expect(found.cost).toBeCloseTo(potEntropicPGD, 6);
    expect(found.plan.flat()).toEqual(close(plan.data));
    for (const [i, mass] of from.mass.entries())
      expect(found.plan[i]!.reduce((x, y) => x + y, 0)).toBeCloseTo(mass, 6);
    expect(distances.cells(from, to)).toBeCloseTo(debiased, 6);
    expect(Math.abs(distances.cells(from, to) - distances.cells(to, from))).toBeLessThan(1e-9);
    expect(distances.cells(from, from)).toBe(0);
  });

  test('whatever their vertices are called', () => {
    const { a, b, permutation, fgw } = oracle.relabelling;
    const [from, to] = [graphOf(a), graphOf(b)];
    const turned = {
      between: permutation.map((i) => permutation.map((j) => to.between[i]![j]!)),
      mass: permutation.map((i) => to.mass[i]!),
    };
    const labels = from.labels.map((one) => to.labels.map((other) => Number(one !== other)));
    const options = { alpha: 0.5, epsilon: 0.1 };
    const plain = fusedTransport(labels, from, to, options).cost;
    const other = fusedTransport(
      labels.map((row) => permutation.map((j) => row[j]!)),
      from,
      turned,
      options,
    ).cost;
    expect(other).toBeCloseTo(plain, 9);
    expect(cellTransport(from, to).cost).toBeCloseTo(fgw, 6);
  });
});

describe('networks', () => {
  const distances = new Distances();
  test.each(oracle.netPairs)('from $a to $b', ({ a, b, cost, plan, value, potExact, distance }) => {
    const found = distances.transport(archOf(a), archOf(b), LAYERS);
    expect(found.costs.flat()).toEqual(close(cost.data));
    expect(found.plan.flat()).toEqual(close(plan.data));
    expect(found.cost).toBeCloseTo(value, 6);
    expect(found.cost).toBeGreaterThanOrEqual(potExact - 1e-9);
    expect(distances.networks(archOf(a), archOf(b), LAYERS)).toBeCloseTo(distance, 6);
    expect(distances.networks(archOf(a), archOf(a), LAYERS)).toBe(0);
  });
});

test('a plan has the masses that it is between', () => {
  const [p, q] = [
    [0.2, 0.8],
    [0.5, 0.25, 0.25],
  ];
  const plan = sinkhorn(
    [
      [0, 1, 2],
      [1, 0, 1],
    ],
    p,
    q,
    0.1,
  );
  plan.forEach((row, i) => expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(p[i]!, 9));
  q.forEach((mass, j) => expect(plan.reduce((sum, row) => sum + row[j]!, 0)).toBeCloseTo(mass, 9));
});

interface Fitted {
  readonly kernel: 'exp' | 'rbf';
  readonly lengthScale: number;
  readonly noise: number;
  readonly distances: Values;
  readonly y: readonly number[];
  readonly kernelMatrix: Values;
  readonly minEigenvalue: number;
  readonly posteriorMean: readonly number[];
  readonly posteriorStd: readonly number[];
  readonly expectedImprovement: readonly number[];
  readonly logMarginalLikelihood: number;
}
const rows = ({ shape, data }: Values): number[][] =>
  Array.from({ length: shape[0]! }, (_, i) => data.slice(i * shape[1]!, (i + 1) * shape[1]!));

describe('a Gaussian process', () => {
  test.each(fixture<{ readonly cases: readonly Fitted[] }>('gp').cases)('with the kernel $kernel', (one) => {
    const kernel = kernelMatrix(rows(one.distances), { kind: one.kernel, lengthScale: one.lengthScale });
    expect(kernel.flat()).toEqual(close(one.kernelMatrix.data, 8));
    expect(Math.min(...eigen(kernel).values)).toBeCloseTo(one.minEigenvalue, 7);
    const found = posterior(kernel, one.y, one.noise);
    expect(found.mean).toEqual(close(one.posteriorMean));
    expect(found.std).toEqual(close(one.posteriorStd));
    expect(found.improvement).toEqual(close(one.expectedImprovement, 8));
    expect(found.logLikelihood).toBeCloseTo(one.logMarginalLikelihood, 6);
  });

  test('knows what it was told, the less noise there is', () => {
    const kernel = kernelMatrix(
      [
        [0, 1, 0],
        [1, 0, 1],
        [0, 1, 0],
      ],
      { kind: 'exp', lengthScale: 1 },
    );
    const off = (noise: number): number => Math.abs(posterior(kernel, [2, 5], noise).mean[0]! + 1);
    expect(off(1e-9)).toBeLessThan(1e-6);
    expect(off(1e-1)).toBeGreaterThan(off(1e-3));
  });

  test('of distances of no space has no negative eigenvalue', () => {
    const odd = [
      [0, 0.1, 0.1, 3],
      [0.1, 0, 3, 0.1],
      [0.1, 3, 0, 0.1],
      [3, 0.1, 0.1, 0],
    ];
    const { values } = eigen(kernelMatrix(odd, { kind: 'rbf', lengthScale: 1 }));
    expect(Math.min(...values)).toBeGreaterThan(-1e-12);
  });

  test('is told of an error function that is exact', () => {
    // Abramowitz & Stegun, Table 7.1.
    expect([0, 0.5, 1, 2, -1, 3].map(erf)).toEqual(
      close([0, 0.5204998778, 0.8427007929, 0.995322265, -0.8427007929, 0.9999779095], 9),
    );
  });
});
