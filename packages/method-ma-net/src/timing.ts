import type { Method } from '@ma-net/core';
import { maNet } from './ma-net.ts';

/** Rounds of `maNetInTurn`. */
export const ROUNDS_IN_TURN = 4;

/**
 * MA-Net for measuring how long its steps take: two plain rounds, one of the astrocytes and one of the neurons, each of
 * `length` mini-batches, where an epoch has as many and the budget is that of all four.
 */
export function maNetInTurn(length: number): Method {
  return maNet({
    plainRounds: 2,
    astrocyteIterations: length,
    prune: { mode: 'target', removeModulated: 0.5 },
  });
}
