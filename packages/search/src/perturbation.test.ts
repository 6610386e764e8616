import { describe, expect, test } from 'vitest';
import { fixture, type Values } from '../test/formulas.ts';
import {
  answered,
  candidatesOf,
  crowdedNodes,
  genotypeOfProjection,
  openProjection,
  projectedWeights,
  questionsOf,
} from './perturbation.ts';
import { spaceOf, type Table } from './space.ts';
import { shares } from './architecture.ts';

interface Case {
  readonly table: Readonly<Record<'qualityNormal' | 'qualityReduce' | 'interNormal' | 'interReduce', Values>>;
  readonly alphasNormal: Values;
  readonly alphasReduce: Values;
  readonly edgeOrder: Readonly<Record<string, number[]>>;
  /** Counted from the first node that has too many inputs. */
  readonly nodeOrder: Readonly<Record<string, number[]>>;
  readonly genotype: unknown;
  readonly log: readonly {
    readonly kind: 'op' | 'node';
    readonly cell: string;
    readonly edge?: number;
    readonly accuracyWithout?: readonly number[];
    readonly chosen?: number;
    readonly rounds?: readonly {
      readonly edges: readonly number[];
      readonly accuracyWithout: readonly number[];
    }[];
    readonly kept?: readonly number[];
  }[];
}

const { cases } = fixture<{ readonly cases: readonly Case[] }>('darts_pt');
const space = spaceOf('darts');

const rows = ({ shape, data }: Values): number[][] =>
  Array.from({ length: shape[0]! }, (_, e) => data.slice(e * shape[1]!, (e + 1) * shape[1]!));

describe('every decision is the one of the authors', () => {
  test.each(cases.map((one, i) => [i, one] as const))('case %i', (_, one) => {
    const { qualityNormal, qualityReduce, interNormal, interReduce } = one.table;
    const quality = { normal: rows(qualityNormal), reduce: rows(qualityReduce) };
    const inter = { normal: interNormal.data, reduce: interReduce.data };
    const accuracy = (weights: Table): number =>
      10 +
      (['normal', 'reduce'] as const).reduce((sum, cell) => {
        const m = weights[cell]!.map((row, e) => row.reduce((s, w, o) => s + w * quality[cell][e]![o]!, 0));
        const pairs = inter[cell].reduce((s, value, e) => s + value * m[e]! * m[e + 1]!, 0);
        return sum + m.reduce((s, value) => s + value, 0) + pairs;
      }, 0);
    const open = shares({ normal: rows(one.alphasNormal), reduce: rows(one.alphasReduce) });
    const nodes = crowdedNodes(space);
    expect(nodes).toEqual([3, 4, 5]);
    const orders = {
      edges: one.edgeOrder,
      nodes: Object.fromEntries(
        Object.entries(one.nodeOrder).map(([cell, order]) => [cell, order.map((i) => nodes[i]!)]),
      ),
    };
    let projection = openProjection(space);
    for (const [i, question] of questionsOf(space, orders).flat().entries()) {
      const known = one.log[i]!;
      const scores = candidatesOf(space, question).map((candidate) =>
        accuracy(projectedWeights(space, open, projection, { ...candidate, cell: question.cell })),
      );
      const expected = known.accuracyWithout ?? known.rounds![0]!.accuracyWithout;
      expect(known.cell).toBe(question.cell);
      expect(scores).toEqual(expected.map((value) => expect.closeTo(value, 6)));
      projection = answered(space, projection, question, scores);
      if ('edge' in question) expect(projection.decided[question.cell]![question.edge]).toBe(known.chosen);
      else
        expect(
          space.edges.flatMap(({ to }, e) =>
            to === question.node && projection.kept[question.cell]![e]! ? [e] : [],
          ),
        ).toEqual(known.kept);
    }
    expect(genotypeOfProjection(space, projection)).toEqual({ space: 'darts', ...(one.genotype as object) });
  });
});

test('of equals an edge keeps the first operation, and a node loses the last input', () => {
  const all = openProjection(space);
  const first = answered(space, all, { cell: 'normal', edge: 0 }, [2, 1, 1, 2, 2, 2, 2]);
  expect(first.decided['normal']![0]).toBe(1);
  const node = answered(space, all, { cell: 'normal', node: 4 }, [1, 1, 1, 1]);
  expect(node.kept['normal']!.slice(5, 9)).toEqual([true, true, false, false]);
  expect(crowdedNodes(spaceOf('nas-bench-201'))).toEqual([]);
});
