// A run directory, opened: its recipe, its data and networks, and its state at the last checkpoint.

import { type Installed, MaNetError } from '@ma-net/core';
import { type Checkpoint, decodeCheckpoint, disposeState } from '@ma-net/trainer';
import { z } from 'zod';
import { splitsOf } from './facts.ts';
import { type OpenRun, openRun } from './open.ts';
import { parseRecipe, type Recipe } from './recipe.ts';
import { changesBetween } from './recipe-changes.ts';
import { splitsFromFormat1 } from './recipe-format-1.ts';
import {
  continueRunDirectory,
  openRunDirectory,
  type RunDirectory,
  type RunWriter,
} from './run-directory.ts';

export interface SavedRun<D extends RunDirectory = RunDirectory> {
  readonly directory: D;
  readonly open: OpenRun;
  /**
   * Uploads the last checkpoint, with the backend that has been started; undefined before the first one. If the
   * newer one is damaged, or holds numbers that are not finite, it is the one before, and `tell` is told.
   */
  checkpoint(tell?: Tell): Checkpoint | undefined;
}

/** Told what a person should know, in a sentence or two. */
export type Tell = (words: string) => void;

/**
 * Opens a run without starting a backend, to read it. `data` replaces the folder the data were in; the data
 * themselves must be the same. Throws `not-found`, `bad-file`, `bad-recipe` or `bad-data`.
 */
export async function openSavedRun(path: string, installed: Installed, data?: string): Promise<SavedRun> {
  return savedRun(openRunDirectory(path), installed, data);
}

/** Opens a run to go on with it, as its only writer; whoever calls closes the directory. May throw `locked`, too. */
export async function continueSavedRun(
  path: string,
  installed: Installed,
  data?: string,
): Promise<SavedRun<RunWriter>> {
  const directory = await continueRunDirectory(path);
  try {
    return await savedRun(directory, installed, data);
  } catch (error) {
    directory.close();
    throw error;
  }
}

async function savedRun<D extends RunDirectory>(
  directory: D,
  installed: Installed,
  data: string | undefined,
): Promise<SavedRun<D>> {
  refuseEditedRecipe(directory);
  const recipe = await parseRecipe(directory.recipe, `${directory.path}, recipe.json`, installed);
  const open = await openRun(data === undefined ? recipe : withData(recipe, data), installed);
  refuseOtherData(directory, open);
  return { directory, open, checkpoint: (tell) => lastCheckpoint(directory, open, tell) };
}

function lastCheckpoint(directory: RunDirectory, open: OpenRun, tell?: Tell): Checkpoint | undefined {
  let damage: MaNetError | undefined;
  for (const { path, bytes } of directory.checkpoints()) {
    try {
      const checkpoint = decode(bytes(), open, path);
      if (damage !== undefined)
        tell?.(`${damage.message}\nThe checkpoint before it is whole: mini-batch ${checkpoint.state.step}.`);
      return checkpoint;
    } catch (error) {
      if (!(error instanceof MaNetError && DAMAGE.has(error.code))) throw error;
      damage ??= error;
    }
  }
  if (damage !== undefined) throw damage;
  return undefined;
}

/** What another checkpoint may help against: this file is broken, its numbers are none, or a disk cannot read it. */
const DAMAGE: ReadonlySet<string> = new Set(['bad-file', 'file-failed', 'non-finite', 'not-found']);

function decode(bytes: Uint8Array, open: OpenRun, where: string): Checkpoint {
  const checkpoint = decodeCheckpoint(bytes, open, where);
  const { step } = checkpoint.state;
  const { budget } = open.options;
  const position = positionSchema.safeParse(checkpoint.source).data;
  const drawn = position && position.epoch * open.source.batchesPerEpoch + position.position;
  if (step <= budget && (drawn === undefined || drawn === step)) return checkpoint;
  disposeState(checkpoint.state);
  throw new MaNetError(
    'bad-file',
    `The checkpoint is of mini-batch ${step} of ${budget}, and its position in the data of mini-batch ${drawn ?? 'none'}.`,
    { where, hint: 'the file was edited or damaged, or belongs to another run.' },
  );
}

/** Where a source over epochs stands, which is where the training stands. */
const positionSchema = z.looseObject({ epoch: z.int(), position: z.int() });

/** The checkpoint of a run that has to have one. */
export function requireCheckpoint({ directory, checkpoint }: SavedRun, tell?: Tell): Checkpoint {
  const found = checkpoint(tell);
  if (found !== undefined) return found;
  throw new MaNetError('not-found', 'The run has no checkpoint yet: it was stopped before the first one.', {
    where: directory.path,
    hint: `train it first: manet train --resume ${directory.path}`,
  });
}

export function withData(recipe: Recipe, path: string): Recipe {
  return { ...recipe, data: { ...recipe.data, path } };
}

/** Position and counters of a checkpoint mean what the recipe said when they were written. */
function refuseEditedRecipe({ path, recipe, facts }: RunDirectory): void {
  // Runs of earlier versions did not record it.
  if (facts['recipe'] === undefined) return;
  const changes = changesBetween(facts['recipe'], recipe);
  if (changes.length === 0) return;
  const shown = [
    ...changes.slice(0, 10),
    ...(changes.length > 10 ? [`and ${changes.length - 10} more`] : []),
  ];
  throw new MaNetError(
    'bad-recipe',
    `The recipe was changed since the run was started:\n${shown.map((change) => `  ${change}`).join('\n')}`,
    {
      where: `${path}, recipe.json`,
      hint: 'undo the change here, and start a new run to train with it (--recipe takes such a file); --data names another folder of the same data.',
    },
  );
}

function refuseOtherData({ facts, path: run }: RunDirectory, open: OpenRun): void {
  const { path, use } = open.recipe.data;
  const recorded = splitsFromFormat1(facts['data']);
  const found = splitsOf(open.data);
  if (JSON.stringify(recorded) === JSON.stringify(found)) return;
  throw new MaNetError(
    'bad-data',
    `The data are not those that the run was trained on.\n  found:    ${described(found)}\n  expected: ${described(recorded)}`,
    {
      where: typeof path === 'string' ? path : use,
      hint: `pass the folder of the same data with --data, or start a new run; ${run} is as it was.`,
    },
  );
}

function described(facts: unknown): string {
  const splits = Object.values((facts ?? {}) as Record<string, { samples?: unknown; fingerprint?: unknown }>);
  const parts = splits.map(
    ({ samples, fingerprint }) => `${String(samples)} samples ${String(fingerprint).slice(0, 12)}`,
  );
  return parts.join(', ') || 'nothing recorded';
}
