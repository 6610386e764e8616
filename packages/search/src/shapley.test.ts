import { expect, test } from 'vitest';
import { fixture, type Values } from '../test/formulas.ts';
import { contributions, scoresOf, shapleyUpdate } from './shapley.ts';

interface Case {
  readonly edges: number;
  readonly ops: number;
  readonly permutations: readonly (readonly number[])[];
  readonly quality: readonly number[];
  readonly exponent: number;
  readonly fullAccuracy: number;
  readonly threshold: number;
  readonly accuracySequence: readonly (readonly number[])[];
  readonly marginal: Values;
  readonly score: Values;
  readonly momentum0: readonly Values[];
  readonly alphas0: readonly Values[];
  readonly updates: readonly { readonly momentum: readonly Values[]; readonly alphas: readonly Values[] }[];
}

const rowsOf = ({ shape, data }: Values): number[][] =>
  Array.from({ length: shape[0]! }, (_, e) => data.slice(e * shape[1]!, (e + 1) * shape[1]!));
const close = (table: readonly (readonly number[])[]): unknown =>
  table.map((row) => row.map((value) => expect.closeTo(value, 7) as number));

const { cases } = fixture<{ readonly cases: readonly Case[] }>('shapley');

test.each(cases.map((one, i) => [i, one] as const))(
  'values and updates are those of the authors, case %i',
  async (_, one) => {
    const { quality, exponent, fullAccuracy: whole, threshold } = one;
    const marginals: number[][] = [];
    for (const [i, order] of one.permutations.entries()) {
      const seen: number[] = [];
      marginals.push(
        await contributions(order, {
          whole,
          threshold,
          without: async (gone) => {
            const lost = [...gone].reduce((sum, player) => sum + quality[player]!, 0);
            const accuracy = whole * Math.max(0, 1 - lost) ** exponent;
            seen.push(accuracy);
            return accuracy;
          },
        }),
      );
      expect(seen).toEqual(one.accuracySequence[i]!.map((value) => expect.closeTo(value, 6) as number));
    }
    const byPlayer = quality.map((__, player) => marginals.map((values) => values[player]!));
    expect(byPlayer).toEqual(close(rowsOf(one.marginal)));
    const scores = scoresOf(byPlayer);
    expect(scores).toEqual(one.score.data.map((value) => expect.closeTo(value, 7) as number));

    const named = (values: readonly Values[]) => ({ normal: rowsOf(values[0]!), reduce: rowsOf(values[1]!) });
    let state = { alphas: named(one.alphas0), momentum: named(one.momentum0) } as Parameters<
      typeof shapleyUpdate
    >[0];
    for (const { momentum, alphas } of one.updates) {
      state = shapleyUpdate(state, scores, { momentum: 0.8, step: 0.1 });
      expect([state.momentum['normal'], state.momentum['reduce']]).toEqual(
        momentum.map((v) => close(rowsOf(v))),
      );
      expect([state.alphas['normal'], state.alphas['reduce']]).toEqual(alphas.map((v) => close(rowsOf(v))));
    }
  },
);

test('where nothing tells operations apart, nothing moves', () => {
  const state = { alphas: { cell: [[1, 2]] }, momentum: { cell: [[0, 0]] } };
  expect(shapleyUpdate(state, [3, 3], { momentum: 0.8, step: 0.1 })).toEqual(state);
});
