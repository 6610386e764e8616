import type { Masks } from '@ma-net/core';
import type { TrainingState } from '@ma-net/trainer';
import type { OpenRun } from './open.ts';

/** The masks in force, by parameter name; empty when nothing was ever decided, and every connection lives. */
export async function masksInForce(
  { training }: Pick<OpenRun, 'training'>,
  { sections }: TrainingState,
): Promise<Masks> {
  return (await training.removal?.(sections))?.masks ?? {};
}
