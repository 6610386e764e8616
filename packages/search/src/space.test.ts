// What a search finds lets something through, whatever its numbers say.

import { type Network, Rng } from '@ma-net/core';
import { countParameters } from '@ma-net/metrics';
import { expect, test } from 'vitest';
import { budgetOf, genotypeWithin, unlimited } from './budget.ts';
import { type Genotype, genotypeJson } from './genotype.ts';
import { nasBench201Network } from './nas-bench-201-network.ts';
import { largest, spaceOf, type Table, waysThrough } from './space.ts';

const space = spaceOf('nas-bench-201');
const nothing = space.operations.indexOf('none');
const ways = waysThrough(space.edges);

/** Edges that prefer nothing, more or less. */
const weightsOf = (seed: number, preference: number): Table => {
  const rng = Rng.fromSeed(seed);
  const row = (): number[] =>
    [...rng.uniforms(space.operations.length, 0, 1)].map(
      (value, o) => value + (o === nothing ? preference : 0),
    );
  return { cell: space.edges.map(row) };
};
const isOpen = (cell: readonly string[]): boolean => ways.some((way) => way.every((e) => cell[e] !== 'none'));
const cellOf = (genotype: ReturnType<typeof space.genotypeOf>): readonly string[] =>
  genotype.space === 'nas-bench-201' ? genotype.cell : [];

test('there are four ways through a cell of NAS-Bench-201', () => {
  expect(ways.map((way) => way.map((e) => [space.edges[e]!.from, space.edges[e]!.to]))).toEqual([
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
    [
      [0, 1],
      [1, 3],
    ],
    [
      [0, 2],
      [2, 3],
    ],
    [[0, 3]],
  ]);
});

test('edges keep the operation that weighs most, unless nothing gets through: then the cheapest way opens', () => {
  let closed = 0;
  for (let seed = 0; seed < 200; seed++) {
    const weights = weightsOf(seed, [0, 0.3, 2][seed % 3]!);
    const most = weights['cell']!.map((row) => space.operations[largest(row)]!);
    const cell = cellOf(space.genotypeOf(weights));
    expect(isOpen(cell)).toBe(true);
    if (isOpen(most)) expect(cell).toEqual(most);
    else {
      closed++;
      const lost = (of: readonly string[]): number =>
        of.reduce((sum, op, e) => {
          const row = weights['cell']![e]!;
          return sum + Math.max(...row) - row[space.operations.findIndex((one) => one === op)]!;
        }, 0);
      // Of every other cell that is open on one way alone, none loses less.
      const opened = ways.map((way) =>
        most.map((op, e) =>
          way.includes(e) && op === 'none'
            ? space.operations[largest(weights['cell']![e]!.with(nothing, -1))]!
            : op,
        ),
      );
      expect(lost(cell)).toBeCloseTo(Math.min(...opened.map(lost)), 12);
    }
  }
  expect(closed).toBeGreaterThan(50);
});

test('a budget takes nothing that would close it', () => {
  const images = { numClasses: 3, inputShape: [8, 8, 1] } as const;
  const build = (genotype: Genotype): Network => {
    const shape = { genotype: genotypeJson(genotype), channels: 4, cells: 1 };
    return nasBench201Network('small', shape, images);
  };
  const { total } = countParameters(build({ space: 'nas-bench-201', cell: Array(6).fill('avg_pool_3x3') }));
  for (let seed = 0; seed < 20; seed++) {
    const weights = weightsOf(seed, 0.3);
    const found = genotypeWithin(space, budgetOf(space, { params: total + 50 }, build), weights);
    expect(isOpen(cellOf(found))).toBe(true);
    expect(isOpen(cellOf(genotypeWithin(space, unlimited, weights)))).toBe(true);
  }
});
