import { expect, test } from 'vitest';
import { roundAt } from './rounds.ts';

test('roundAt finds the round of every mini-batch', () => {
  const rounds = [3, 1, 4].map((length, index) => ({ index, kind: 'any', start: [0, 3, 4][index]!, length }));
  expect([0, 2, 3, 4, 7].map((b) => roundAt(rounds, b).index)).toEqual([0, 0, 1, 2, 2]);
  expect(() => roundAt(rounds, 8)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
});
