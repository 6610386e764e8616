// The checkpoints of a run: the newer one, the one before, which is used where the newer is damaged, and the best one with a
// note of when and how good it was.

import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, readWholeSync, writeFileAtomic } from '@ma-net/core/node';

export const CHECKPOINT = 'checkpoint.safetensors';
const PREVIOUS = 'checkpoint.previous.safetensors';
const DAMAGED = 'checkpoint.damaged.safetensors';

export const BEST = 'best.safetensors';
export const BEST_NOTE = 'best.json';

/** Names in a run's directory that checkpoints have. */
export const CHECKPOINT_NAMES = [CHECKPOINT, PREVIOUS, DAMAGED, BEST, BEST_NOTE] as const;

export interface CheckpointFile {
  readonly path: string;
  /** Reads the whole file. */
  bytes(): Uint8Array;
}

/** The checkpoints that are there, the newer one first. */
export function checkpointsIn(folder: string): CheckpointFile[] {
  return [CHECKPOINT, PREVIOUS]
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, bytes: () => readWholeSync(path) }));
}

/** Writes the newer checkpoint; what was the newer one is the one before from now on. */
export function writeCheckpoint(folder: string, bytes: Uint8Array): Promise<void> {
  return writeFileAtomic(join(folder, CHECKPOINT), bytes, { keepAs: join(folder, PREVIOUS) });
}

/** Moves a newer checkpoint that cannot be used out of the way, so that it never takes the place of a whole one. */
export async function setCheckpointAside(folder: string): Promise<void> {
  const path = join(folder, CHECKPOINT);
  try {
    await rename(path, join(folder, DAMAGED));
  } catch (error) {
    throw fileError(error, path);
  }
}
