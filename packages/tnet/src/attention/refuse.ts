import { MaNetError } from '@ma-net/core';
import type { Block } from './block.ts';

/** Throws `bad-argument` for a pooling in a network none of whose stages halves the map. */
export function refusePooling(pool: Block | undefined, depths: readonly number[]): void {
  if (pool === undefined || depths.length > 1) return;
  throw new MaNetError('bad-argument', 'No stage halves the map, so that nothing can be pooled.', {
    where: 'pool',
    hint: 'use a network of at least two stages, or attention on the branch of a block.',
  });
}
