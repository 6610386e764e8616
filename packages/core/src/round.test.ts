import { expect, test } from 'vitest';
import { roundHalfEven } from './round.ts';

test('halves go to the even neighbour, everything else to the nearest', () => {
  expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1.4999, 2.5001, 7].map((x) => roundHalfEven(x) + 0)).toEqual([
    -2, -2, 0, 0, 2, 2, 1, 3, 7,
  ]);
});
