import type { Batch, Masks } from '@ma-net/core';
import type { TrainingState } from '@ma-net/trainer';
import type { ClosedRun } from './open.ts';

/** The masks in force, by parameter name; empty when nothing was ever decided, and every connection lives. */
export async function masksInForce<B extends Batch>(
  { training }: Pick<ClosedRun<B>, 'training'>,
  { sections }: TrainingState,
): Promise<Masks> {
  return (await training.removal?.(sections))?.masks ?? {};
}
