// Parts of a training state, read back.

import type { HostMasks, HostScores } from '@ma-net/mnet';
import type { TrainingState } from '@ma-net/trainer';

/** The masks in force, by parameter name; empty when nothing was ever modulated. */
export async function hostMasks({ masks }: Pick<TrainingState, 'masks'>): Promise<HostMasks> {
  const read = Object.entries(masks).map(
    async ([name, mask]) => [name, Uint8Array.from(await mask.data())] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}

/** The held relative probabilities (or magnitudes), by parameter name. */
export async function hostScores({ q }: Pick<TrainingState, 'q'>): Promise<HostScores> {
  const read = Object.entries(q).map(
    async ([name, scores]) => [name, (await scores.data()) as Float32Array] as const,
  );
  return Object.fromEntries(await Promise.all(read));
}
