// A run directory, opened: its recipe, its data and networks, and its state at the last checkpoint.

import { join } from 'node:path';
import { type Installed, MaNetError } from '@ma-net/core';
import { readWholeSync } from '@ma-net/core/node';
import { asUsed, type Checkpoint, decodeCheckpoint, disposeState } from '@ma-net/trainer';
import { z } from 'zod';
import { knownBest } from './best-state.ts';
import { BEST } from './checkpoint-files.ts';
import { splitsOf } from './facts.ts';
import {
  type Building,
  type ClosedRun,
  type Known,
  knownOf,
  openClosedRun,
  type OpenRun,
  openRunData,
  type RunData,
} from './open.ts';
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
  /** All of it but its data: what it takes to decide what goes, and to export it. */
  readonly run: ClosedRun;
  /**
   * Uploads the last checkpoint, with the backend that has been started; undefined before the first one. If the
   * newer one is damaged, or holds numbers that are not finite, it is the one before, and `tell` is told.
   */
  checkpoint(tell?: Tell): Checkpoint | undefined;
  /**
   * Uploads the best checkpoint by the images that are held out, since connections died for the last time; undefined
   * where none was kept. Throws `bad-file`.
   */
  best(): Checkpoint | undefined;
  /**
   * The run with its data, which are read the first time; they must be those it was trained on. `fresh`: to train it from
   * its beginning, with the weights that it starts from. Throws what reading them throws, and `bad-data`.
   */
  open(how?: Building): Promise<OpenRun>;
}

/** Told what a person should know, in a sentence or two. */
export type Tell = (words: string) => void;

/**
 * Opens a run without starting a backend, to read it; its data, and the weights that it started from, are not read. `data`
 * replaces the folder the data were in; the data themselves must be the same. Throws `not-found`, `bad-file` or
 * `bad-recipe`; and what reading the data throws for a run of an earlier version, which knows too little of them.
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
  const written = await parseRecipe(directory.recipe, `${directory.path}, recipe.json`, installed);
  const recipe = data === undefined ? written : withData(written, data);
  let read: Promise<RunData> | undefined;
  const opened = (): Promise<RunData> => (read ??= readData(directory, recipe, installed));
  const known = (directory.facts['known'] as Known | undefined) ?? knownOf(await opened());
  const run = await openClosedRun(recipe, installed, known, { fresh: false });
  return {
    directory,
    run,
    checkpoint: (tell) => lastCheckpoint(directory, run, tell),
    best: () => bestCheckpoint(directory.path, run),
    async open(how = { fresh: false }) {
      const found = await opened();
      return { ...(how.fresh ? await openClosedRun(recipe, installed, known, how) : run), ...found };
    },
  };
}

/** The data of a run. */
async function readData(directory: RunDirectory, recipe: Recipe, installed: Installed): Promise<RunData> {
  const found = await openRunData(recipe, installed);
  refuseOtherData(directory, recipe, found);
  return found;
}

function lastCheckpoint(directory: RunDirectory, run: ClosedRun, tell?: Tell): Checkpoint | undefined {
  let damage: MaNetError | undefined;
  for (const { path, bytes } of directory.checkpoints()) {
    try {
      const checkpoint = decode(bytes(), run, path);
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

function bestCheckpoint(folder: string, run: ClosedRun): Checkpoint | undefined {
  const known = knownBest(folder);
  if (known === undefined) return undefined;
  const path = join(folder, BEST);
  const checkpoint = decode(readWholeSync(path), run, path);
  if (checkpoint.state.step === known.step) return checkpoint;
  disposeState(checkpoint.state);
  throw new MaNetError(
    'bad-file',
    `The best checkpoint is of mini-batch ${checkpoint.state.step}, and its note of ${known.step}.`,
    { where: path, hint: 'ask again where the run is still being trained; else use the last checkpoint.' },
  );
}

/** What another checkpoint may help against: this file is broken, its numbers are none, or a disk cannot read it. */
const DAMAGE: ReadonlySet<string> = new Set(['bad-file', 'file-failed', 'non-finite', 'not-found']);

function decode(bytes: Uint8Array, run: ClosedRun, where: string): Checkpoint {
  const checkpoint = decodeCheckpoint(bytes, run, where);
  const { step } = checkpoint.state;
  const { budget } = run.options;
  const position = positionSchema.safeParse(checkpoint.source).data;
  // Parts of the training set have places of their own.
  const drawn =
    position?.splits === undefined
      ? position && position.epoch * run.batchesPerEpoch + position.position
      : undefined;
  if (step <= budget && (drawn === undefined || drawn === step)) return checkpoint;
  disposeState(checkpoint.state);
  throw new MaNetError(
    'bad-file',
    `The checkpoint is of mini-batch ${step} of ${budget}, and its position in the data of mini-batch ${drawn ?? 'none'}.`,
    { where, hint: 'the file was edited or damaged, or belongs to another run.' },
  );
}

/** Where a source over epochs stands, which is where the training stands. */
const positionSchema = z.looseObject({ epoch: z.int(), position: z.int(), splits: z.unknown().optional() });

/** The checkpoint of a run that has to have one, as it is used: its averages where it has such. */
export function requireCheckpoint(
  { directory, checkpoint }: Pick<SavedRun, 'directory' | 'checkpoint'>,
  tell?: Tell,
): Checkpoint {
  const found = checkpoint(tell);
  if (found !== undefined) return { ...found, state: asUsed(found.state) };
  throw new MaNetError('not-found', 'The run has no checkpoint yet: it was stopped before the first one.', {
    where: directory.path,
    hint: `train it first: manet train --resume ${directory.path}`,
  });
}

/** The best checkpoint of a run that has to have one, as it is used. Throws `not-found`. */
export function requireBest({ directory, best }: Pick<SavedRun, 'directory' | 'best'>): Checkpoint {
  const found = best();
  if (found !== undefined) return { ...found, state: asUsed(found.state) };
  throw new MaNetError('not-found', 'The run kept no best checkpoint.', {
    where: directory.path,
    hint: 'a run keeps one that is trained with images held out (--set data.validation=0.1), from the first evaluation after its masks stay; leave --best out for the last checkpoint.',
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

function refuseOtherData({ facts, path: run }: RunDirectory, recipe: Recipe, open: RunData): void {
  const { path, use } = recipe.data;
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
