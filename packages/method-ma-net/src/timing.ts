import { MaNetError, type Method } from '@ma-net/core';
import { maNet } from './ma-net.ts';
import { LAST_NEURON_BATCHES } from './rounds.ts';

/** Rounds of `maNetInTurn`. */
export const ROUNDS_IN_TURN = 4;

/**
 * MA-Net for measuring how long its steps take: two plain rounds, one of the astrocytes and one of the neurons, each of
 * `length` mini-batches, where an epoch has as many and the budget is that of all four. Throws `bad-argument` for rounds too short to end a run.
 */
export function maNetInTurn(length: number): Method {
  if (length < LAST_NEURON_BATCHES) {
    throw new MaNetError(
      'bad-argument',
      `A run does not end with ${length} mini-batches of the neurons: the rounds before would take them.`,
      { where: 'length', hint: `measure rounds of ${LAST_NEURON_BATCHES} mini-batches or more.` },
    );
  }
  return maNet({
    plainRounds: 2,
    astrocyteIterations: length,
    prune: { mode: 'target', removeModulated: 0.5 },
  });
}
