import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { fixture, type Rows } from '../test/fixtures.ts';
import { assignRows } from './assignment.ts';

interface Case {
  readonly name: string;
  readonly cost: Rows;
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly total: number;
  readonly unique_optimum_expected: boolean;
}

function solve(cost: Rows): {
  readonly pairs: readonly (readonly [number, number])[];
  readonly total: number;
} {
  const [rows, columns] = [cost.length, cost[0]?.length ?? 0];
  const turned = rows > columns;
  const table = turned ? Array.from({ length: columns }, (_, j) => cost.map((row) => row[j]!)) : cost;
  const found = assignRows(table.flat(), table.length, turned ? rows : columns);
  const pairs = [...found].map((j, i) => (turned ? ([j, i] as const) : ([i, j] as const)));
  return {
    pairs: pairs.sort(([a], [b]) => a - b),
    total: pairs.reduce((sum, [i, j]) => sum + cost[i]![j]!, 0),
  };
}

test.each(fixture<readonly Case[]>('assignment'))('$name is assigned as SciPy assigns it', (one) => {
  const { pairs, total } = solve(one.cost);
  expect(total).toBeCloseTo(one.total, 6);
  if (one.unique_optimum_expected) {
    expect(pairs).toEqual(one.rows.map((row, i) => [row, one.columns[i]]));
  }
});

test('no assignment of small tables costs less', () => {
  const rng = Rng.fromSeed(11);
  for (let trial = 0; trial < 300; trial++) {
    const rows = 1 + rng.integer(4);
    const columns = rows + rng.integer(3);
    const cost = Array.from({ length: rows }, () => [...rng.uniforms(columns, -2, 2)]);
    const found = assignRows(cost.flat(), rows, columns);
    expect(new Set(found).size).toBe(rows);
    expect(solve(cost).total).toBeCloseTo(cheapest(cost, new Set()), 9);
  }
});

function cheapest([row, ...rest]: Rows, taken: ReadonlySet<number>): number {
  if (row === undefined) return 0;
  return Math.min(
    ...row.map((cost, j) => (taken.has(j) ? Infinity : cost + cheapest(rest, new Set([...taken, j])))),
  );
}

test('what cannot be assigned is refused', () => {
  expect(() => assignRows([1, 2], 2, 1)).toThrow(/2 rows and 1 columns/);
  expect(() => assignRows([1, NaN], 1, 2)).toThrow(/row 0, column 1 is NaN/);
});
