import { MaNetError, type Round } from '@ma-net/core';

/** The round that mini-batch `b` belongs to. */
export function roundAt(rounds: readonly Round[], b: number): Round {
  const round = rounds.find(({ start, length }) => b >= start && b < start + length);
  if (round !== undefined) return round;
  throw new MaNetError('bad-argument', `No round of the method has mini-batch ${b}.`, {
    hint: 'open the method with the budget that the run is trained for.',
  });
}
