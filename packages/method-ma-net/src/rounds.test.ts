import { describe, expect, test } from 'vitest';
import {
  defaultAstrocyteIterations,
  LAST_NEURON_BATCHES,
  planRounds,
  type RoundsOptions,
  turnAt,
} from './rounds.ts';

const base: RoundsOptions = {
  budget: 1872,
  batchesPerEpoch: 78,
  plainRounds: 8,
  astrocyteIterations: 4,
  alternate: true,
};
const kinds = (options: Partial<RoundsOptions>): string =>
  planRounds({ ...base, ...options })
    .map(({ kind }) => kind[0])
    .join('');

describe('planRounds', () => {
  test('follows Algorithm 1: r <= R_TN plain, then even r trains Phi and odd r trains W', () => {
    // R_TN = 3: rounds 0..3 plain, 4 astrocytes, 5 neurons, and so on.
    expect(kinds({ plainRounds: 4, budget: 4 * 78 + 3 * (4 + 78) })).toBe('ppppananan');
    // R_TN = 2: round 3 is odd, so the first modulated round trains W.
    expect(kinds({ plainRounds: 3, budget: 3 * 78 + 78 + 82 })).toBe('pppnan');
  });

  test('the test bed: 8 plain epochs, then 15 pairs and a short last pair', () => {
    const rounds = planRounds(base);
    expect(rounds.slice(0, 8).every(({ kind, length }) => kind === 'plain' && length === 78)).toBe(true);
    // 1872 - 624 = 1248 = 15 * 82 + 18, and 18 = 4 + 14.
    expect(rounds).toHaveLength(8 + 32);
    expect(rounds.at(-1)).toMatchObject({ kind: 'neurons', length: 14 });
  });

  test.each(Array.from({ length: 60 }, (_, i) => [1 + 7 * i, 1 + (i % 13)] as const))(
    'a budget of %i mini-batches, %i an epoch, is used up exactly and ends on W',
    (budget, batchesPerEpoch) => {
      const rounds = planRounds({ ...base, budget, batchesPerEpoch, plainRounds: 3 });
      let next = 0;
      for (const { start, length } of rounds) {
        expect(start).toBe(next);
        expect(length).toBeGreaterThan(0);
        next += length;
      }
      expect(next).toBe(budget);
      const [beforeLast, last] = [rounds.at(-2), rounds.at(-1)!];
      expect(last.kind).not.toBe('astrocytes');
      if (beforeLast?.kind === 'astrocytes') expect(last.length).toBeGreaterThanOrEqual(LAST_NEURON_BATCHES);
    },
  );

  test('a tail that would be too short for W belongs to the round of W before it', () => {
    // 10 plain, then 4 Phi and 10 W, then 4 Phi and 3 W: the last 7 go to the 10.
    const rounds = planRounds({ ...base, batchesPerEpoch: 10, plainRounds: 2, budget: 20 + 14 + 7 });
    expect(rounds.map(({ kind, length }) => [kind, length])).toEqual([
      ['plain', 10],
      ['plain', 10],
      ['astrocytes', 4],
      ['neurons', 17],
    ]);
  });

  test('without alternation every modulated round trains both; without astrocytes every one trains W', () => {
    expect(kinds({ alternate: false, budget: 12 * 78 })).toBe('pppppppptttt');
    expect(kinds({ astrocyteIterations: 0, budget: 12 * 78 })).toBe('ppppppppnnnn');
  });

  test('refuses a run that trains nothing', () => {
    expect(() => planRounds({ ...base, budget: 0 })).toThrow(expect.objectContaining({ code: 'bad-recipe' }));
  });
});

test('every mini-batch of Phi is one turn further', () => {
  const rounds = planRounds(base);
  let turn = 0;
  for (const { kind, start, length } of rounds) {
    for (let b = start; b < start + length; b++) {
      expect(turnAt(rounds, b)).toBe(turn);
      if (kind === 'astrocytes') turn++;
    }
  }
  expect(turnAt(rounds, base.budget)).toBe(turn);
});

test('an astrocyte round is about 5 % of an epoch and a multiple of M', () => {
  expect(defaultAstrocyteIterations(78, 4)).toBe(4);
  expect(defaultAstrocyteIterations(391, 4)).toBe(20);
  expect(defaultAstrocyteIterations(5, 4)).toBe(4);
});
