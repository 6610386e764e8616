// A run directory, opened: its recipe, its data and networks, and its state at the last checkpoint.

import { MaNetError } from '@ma-net/core';
import { type Checkpoint, decodeCheckpoint } from '@ma-net/trainer';
import { dataFacts, type OpenRun, openRun } from './open.ts';
import { parseRecipe, type Recipe } from './recipe.ts';
import { openRunDirectory, type RunDirectory } from './run-directory.ts';

export interface SavedRun {
  readonly directory: RunDirectory;
  readonly open: OpenRun;
  /** Uploads the last checkpoint, with the backend that has been started; undefined before the first one. */
  checkpoint(): Checkpoint | undefined;
}

/**
 * Opens a run without starting a backend. `data` replaces the folder the data were in; the data themselves
 * must be the same. Throws `not-found`, `bad-file`, `bad-recipe` or `bad-data`.
 */
export async function openSavedRun(path: string, data?: string): Promise<SavedRun> {
  const directory = openRunDirectory(path);
  const recipe = parseRecipe(directory.recipe, `${path}, recipe.json`);
  const open = await openRun(data === undefined ? recipe : withData(recipe, data));
  refuseOtherData(directory, open);
  return {
    directory,
    open,
    checkpoint() {
      const bytes = directory.checkpoint();
      const mnet = open.recipe.method === 'ma-net' ? open.mnet : undefined;
      return bytes && decodeCheckpoint(bytes, open.network, mnet, directory.checkpointPath);
    },
  };
}

/** The checkpoint of a run that has to have one. */
export function requireCheckpoint({ directory, checkpoint }: SavedRun): Checkpoint {
  const found = checkpoint();
  if (found !== undefined) return found;
  throw new MaNetError('not-found', 'The run has no checkpoint yet: it was stopped before the first one.', {
    where: directory.path,
    hint: `train it first: manet train --resume ${directory.path}`,
  });
}

export function withData(recipe: Recipe, path: string): Recipe {
  return { ...recipe, data: { ...recipe.data, path } };
}

function refuseOtherData({ facts, path }: RunDirectory, open: OpenRun): void {
  const recorded = facts['data'];
  const found = dataFacts(open.data);
  if (JSON.stringify(recorded) === JSON.stringify(found)) return;
  throw new MaNetError(
    'bad-data',
    `The data are not those that the run was trained on.\n  found:    ${described(found)}\n  expected: ${described(recorded)}`,
    {
      where: open.recipe.data.path ?? open.recipe.data.name,
      hint: `pass the folder of the same data with --data, or start a new run; ${path} is as it was.`,
    },
  );
}

function described(facts: unknown): string {
  const splits = Object.values((facts ?? {}) as Record<string, { images?: unknown; fingerprint?: unknown }>);
  const parts = splits.map(
    ({ images, fingerprint }) => `${String(images)} images ${String(fingerprint).slice(0, 12)}`,
  );
  return parts.join(', ') || 'nothing recorded';
}
