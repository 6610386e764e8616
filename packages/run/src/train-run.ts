// One training in its run directory: from its first mini-batch, or from where it stopped.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Batch, type Installed, MaNetError, type Ranks, type RunningBackend } from '@ma-net/core';
import { encodeCheckpoint, fit, type Listener, type TrainingState } from '@ma-net/trainer';
import { type BestState, bestState } from './best-state.ts';
import { factsOf, resumption } from './facts.ts';
import { knownOf, type OpenRun, openRun, runOf } from './open.ts';
import type { Recipe } from './recipe.ts';
import { changesBetween } from './recipe-changes.ts';
import { createRunDirectory, type RunWriter } from './run-directory.ts';
import { whyDigitsDiffer } from './same-digits.ts';
import { continueSavedRun, type SavedRun, type Tell } from './saved-run.ts';
import { sharingOf } from './shared-run.ts';
import { hasTensorboard, tensorboardListener } from './tensorboard/events-file.ts';

export interface TrainedRun {
  readonly reason: 'budget' | 'interrupted';
  /** Measures of the last evaluation since it was started or continued: at its end, of the test images. */
  readonly measures: Readonly<Record<string, number>> | undefined;
}

export interface TrainOptions {
  /** Stops after the current mini-batch, saved. */
  readonly signal?: AbortSignal;
  readonly listen?: Listener;
  /** Whether to write event files for TensorBoard, too; a run that has some goes on with them. */
  readonly tensorboard?: boolean;
  /** Keeps its best state; in its directory, by the images that are held out, unless given. */
  readonly keeper?: BestState;
  /** The ranks that share its mini-batches, as rank 0 of them. */
  readonly ranks?: Ranks;
}

/** Trains from `state` to the end of the budget, or until it is told to stop; all is in the directory then. */
export async function trainRun<B extends Batch>(
  open: OpenRun<B>,
  directory: RunWriter,
  state: TrainingState,
  { signal, listen, ranks, tensorboard = hasTensorboard(directory.path), ...options }: TrainOptions = {},
): Promise<TrainedRun> {
  let reason: TrainedRun['reason'] = 'budget';
  let measures: TrainedRun['measures'];
  const keeper =
    options.keeper ??
    (open.data.validation === undefined
      ? undefined
      : bestState(directory.path, open, { step: state.step, metrics: directory.metrics() }));
  const board = tensorboard
    ? await tensorboardListener(directory.path, state.step, open.network.kernels)
    : undefined;
  await fit({
    ...runOf(open),
    state,
    ...(signal === undefined ? {} : { signal }),
    ...(ranks === undefined ? {} : { sharing: sharingOf(open, ranks) }),
    save: async (now) => directory.saveCheckpoint(await encodeCheckpoint(now, open.source, open.network)),
    async listen(event) {
      // A backend that computes on this thread never lets go of it by itself: without this turn of the event loop
      // nobody would hear a signal.
      if (event.type === 'step') await setImmediate();
      directory.log(event);
      board?.(event);
      await keeper?.listen(event, state);
      await listen?.(event);
      if (event.type === 'evaluation') ({ measures } = event);
      if (event.type === 'end') ({ reason } = event);
    },
  });
  return { reason, measures };
}

/** A run that may have been begun before. */
export interface Begun {
  readonly open: OpenRun;
  readonly directory: RunWriter;
  /** Its first, or that of its last checkpoint. */
  readonly state: TrainingState;
}

/**
 * The run of `recipe` in the directory `path`, made where there is none. Whoever calls closes directory and source.
 * Throws `bad-recipe` where another run is there, and what opening and continuing runs throws.
 */
export async function openedRun(
  { path, recipe }: { readonly path: string; readonly recipe: Recipe },
  {
    installed,
    backend,
    tell,
    refuse,
  }: {
    readonly installed: Installed;
    readonly backend: RunningBackend;
    readonly tell: Tell;
    /** Throws what speaks against a new run, before anything of it is written. */
    readonly refuse?: (open: OpenRun) => void;
  },
): Promise<Begun> {
  if (!existsSync(join(path, 'recipe.json'))) {
    const open = await openRun(recipe, installed);
    refuse?.(open);
    const directory = await createRunDirectory(path, recipe, factsOf(open, backend));
    return { open, directory, state: open.start() };
  }
  const saved = await continueSavedRun(path, installed);
  const { directory } = saved;
  try {
    const changed = changesBetween(directory.recipe, recipe);
    if (changed.length > 0) {
      throw new MaNetError('bad-recipe', `Another run is there: ${changed[0]}.`, {
        where: path,
        hint: 'choose another folder with --out, or remove this run.',
      });
    }
    const changes = whyDigitsDiffer(directory.facts, backend);
    if (changes !== undefined) tell(`${path}: ${changes}`);
    return { directory, ...(await continuedRun(saved, backend, tell)) };
  } catch (error) {
    directory.close();
    throw error;
  }
}

/**
 * A run as it goes on: its state, and its data at the same place; what was logged after it is forgotten. `tell` is told of
 * damage, and of weights that it starts from again. Throws `not-found` where the run must have had a checkpoint and it is gone, and what reading the data throws.
 */
export async function continuedRun(
  saved: SavedRun<RunWriter>,
  backend: RunningBackend,
  tell: Tell,
): Promise<{ readonly open: OpenRun; readonly state: TrainingState }> {
  const { directory } = saved;
  let damaged = false;
  const checkpoint = saved.checkpoint((words) => {
    damaged = true;
    tell(words);
  });
  if (checkpoint === undefined) refuseLostCheckpoint(saved);
  const open = await saved.open({ fresh: checkpoint === undefined, tell });
  const state = checkpoint?.state ?? open.start();
  if (checkpoint !== undefined) open.source.restore(checkpoint.source);
  if (damaged) await directory.setCheckpointAside();
  await directory.rewindMetrics(state.step);
  const unread = directory.damagedMetrics();
  if (unread > 0) tell(`${unread} lines of metrics.jsonl are damaged; they are passed over, and stay there.`);
  const resumed = (directory.facts['resumed'] ?? []) as unknown[];
  await directory.saveFacts({
    ...directory.facts,
    known: knownOf(open),
    resumed: [...resumed, resumption(state.step, backend)],
  });
  return { open, state };
}

/** What was logged says whether a checkpoint must have been written. */
function refuseLostCheckpoint({ directory, run }: SavedRun): void {
  const lines = directory.metrics();
  const saveEvery = run.recipe.saveEvery ?? run.batchesPerEpoch;
  const last = lines.reduce((most, { type, step }) => (type === 'step' ? Math.max(most, step) : most), 0);
  if (last <= saveEvery && !lines.some(({ type }) => type === 'end')) return;
  throw new MaNetError(
    'not-found',
    `The checkpoint of the run is gone: ${last} mini-batches were trained and saved.`,
    {
      where: directory.path,
      hint: 'put checkpoint.safetensors back, or start a new run with the recipe: --recipe takes its recipe.json.',
    },
  );
}
