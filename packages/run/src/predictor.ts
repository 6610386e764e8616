// Whatever a network is kept in, ready to be asked: a run, its pruned file, a graph for other programs.

import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  type Architecture,
  type Batch,
  cloneParams,
  type Installed,
  MaNetError,
  partsOfKind,
  resolvePart,
  type Task,
  type TaskOn,
} from '@ma-net/core';
import { askable, type Format, type OpenFile } from '@ma-net/export/node';
import { disposeState } from '@ma-net/trainer';
import { openSavedRun, requireBest, requireCheckpoint, type Tell } from './saved-run.ts';

/** A network that can be asked, and the task that says what its outputs mean. */
export interface Predictor extends OpenFile {
  /** Of the network as it was before any compaction, which has the same outputs. */
  readonly task: Task<Batch>;
}

/** Files of earlier versions name no task: there was one. */
const FIRST_TASK = { use: '@ma-net/task-classification#classification' };

/**
 * Opens the network at `path`, alone: a run directory, or a file or folder in one of the formats that packages offer. No
 * data are read. A backend has been started. `best`: of a run, its best checkpoint in place of the last. Throws `not-found`,
 * `bad-file`, `bad-argument` for a network that no part builds, and what reading a run throws.
 */
export async function openPredictor(
  path: string,
  installed: Installed,
  tell?: Tell,
  { best = false }: { readonly best?: boolean } = {},
): Promise<Predictor> {
  if (!existsSync(path)) {
    throw new MaNetError('not-found', 'There is no such run and no such file.', {
      where: path,
      hint: 'pass a directory that "manet train" made, or a file that "manet prune" or "manet export" wrote.',
    });
  }
  const file = basename(path) === 'model.json' ? dirname(path) : path;
  if (!existsSync(join(file, 'recipe.json'))) {
    const format = await formatOf(file, installed);
    if (best) {
      throw new MaNetError('bad-argument', 'A file holds one network; only a run has a best checkpoint.', {
        where: path,
        hint: 'pass the run directory, or leave --best out.',
      });
    }
    if (format !== undefined) {
      const opened = await format.open(file, installed);
      return { ...opened, task: await taskOf(opened, installed, path) };
    }
  }
  const saved = await openSavedRun(file, installed);
  const { state } = best ? requireBest(saved) : requireCheckpoint(saved, tell);
  const { network, training, facts, task } = saved.run;
  const params = training.weights(state.sections);
  const stats = cloneParams(state.sections.stats);
  disposeState(state);
  return { ...(await askable({ network, params, stats }, facts)), task };
}

async function taskOf({ facts }: OpenFile, installed: Installed, where: string): Promise<Task<Batch>> {
  if (facts.network === undefined) {
    throw new MaNetError('bad-argument', 'The file does not say what builds its network.', {
      where,
      hint: "it is a network of somebody's own: ask it from a program, with loadNetwork(path, { network }).",
    });
  }
  const [network, task] = await Promise.all([
    resolvePart(facts.network, 'network', installed, 'network', where),
    resolvePart(facts.task ?? FIRST_TASK, 'task', installed, 'task', where),
  ]);
  const built = await ((await network.open()) as Architecture)(facts, { fresh: false });
  return ((await task.open()) as TaskOn<Batch>)(built, facts);
}

/** The format of a file, by its name, or because it knows what it wrote. */
async function formatOf(path: string, installed: Installed): Promise<Format | undefined> {
  const parts = await partsOfKind('format', installed);
  const formats = await Promise.all(parts.map((part) => part.open({} as never) as Promise<Format>));
  const folder = statSync(path).isDirectory();
  return (
    formats.find(({ extension }) => path.endsWith(extension)) ??
    formats.find((format) => (format.folder === true) === folder && format.wrote(path))
  );
}
