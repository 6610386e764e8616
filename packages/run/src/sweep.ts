// Many runs of one recipe: every combination of some settings and seeds. Every training is a run directory of its own, so that
// a sweep goes on where it was stopped, and several processes may work on one (Node only).

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { checked, MaNetError, parseJson } from '@ma-net/core';
import { makeFolder, writeFileAtomic } from '@ma-net/core/node';
import { summarise, type Summary } from '@ma-net/metrics';
import { z } from 'zod';
import { shortName } from './choose.ts';
import { type CompareOptions, readResult, trained } from './compare.ts';
import type { ComparedRun, RunResult } from './compare-result.ts';
import { override } from './override.ts';
import type { Recipe } from './recipe.ts';
import { changesBetween } from './recipe-changes.ts';
import { lockRun, type RunLock } from './run-lock.ts';

/** A field of the recipe, and the values that it takes, as they are typed. */
export interface Axis {
  readonly path: string;
  readonly values: readonly string[];
}

/** One combination of values. */
export interface Setting {
  /** Of its values; empty where there is but one. */
  readonly name: string;
  /** As `override` takes them. */
  readonly changes: readonly string[];
}

/** Every combination of the values of the axes, the last axis changing first. */
export function settingsOf(axes: readonly Axis[]): readonly Setting[] {
  const all = axes.reduce<readonly (readonly string[])[]>(
    (before, { path, values }) =>
      before.flatMap((changes) => values.map((value) => [...changes, `${path}=${value}`])),
    [[]],
  );
  const varied = new Set(axes.filter(({ values }) => values.length > 1).map(({ path }) => path));
  return all.map((changes) => ({
    changes,
    name: changes.filter((change) => varied.has(change.slice(0, change.indexOf('=')))).join(' '),
  }));
}

export interface Sweep {
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
  readonly axes: readonly Axis[];
}

export interface SweepOptions extends CompareOptions {
  /** Whether this process begins the run with this number; what others begin is waited for. All of them unless given. */
  readonly mine?: (run: number) => boolean;
}

/** A run of a sweep. */
export interface SweptRun extends ComparedRun {
  readonly setting: string;
}

export interface SweptResult {
  readonly setting: string;
  readonly seed: number;
  readonly result: RunResult;
}

/** A run that could not be trained. */
export interface FailedRun {
  readonly setting: string;
  readonly seed: number;
  readonly message: string;
}

const PLAN = 'sweep.json';
/** Milliseconds between two looks at what others do. */
const PATIENCE = 500;

/** The runs of a sweep, seed after seed. Throws `bad-recipe` for values that a field does not take. */
export async function runsOf(
  { recipe, seeds, axes }: Sweep,
  { out, installed }: Pick<CompareOptions, 'out' | 'installed'>,
): Promise<readonly SweptRun[]> {
  const settings = await Promise.all(
    settingsOf(axes).map(async ({ name, changes }) => ({
      name,
      recipe: await override(recipe, [...changes], installed),
    })),
  );
  const names = fileNames(settings.map(({ name }) => name));
  return seeds.flatMap((seed) =>
    settings.map(({ name, recipe: own }, s) => ({
      setting: name,
      method: shortName(own.method),
      seed,
      path: join(out, `${names[s] === '' ? '' : `${names[s]!}-`}s${seed}`),
      recipe: { ...own, seed },
    })),
  );
}

/** Names of folders for settings, no two the same. */
function fileNames(settings: readonly string[]): readonly string[] {
  const plain = settings.map((name) =>
    name
      .split(' ')
      .map((change) => change.replace(/^[^=]*\.(?=[^.=]*=)/, ''))
      .join(' ')
      .replace(/[^A-Za-z0-9.=+-]+/g, '-')
      .slice(0, 80),
  );
  return plain.map((name, i) => (plain.indexOf(name) === plain.lastIndexOf(name) ? name : `${name}-${i}`));
}

/**
 * Trains and measures what is left to do, beside other processes that do the same; returns when all is done, or it was
 * stopped. A run that fails is told of and left out; the next sweep into the folder tries it again. Throws `bad-recipe`
 * where the folder holds another sweep.
 */
export async function sweep(
  asked: Sweep,
  options: SweepOptions,
): Promise<{
  readonly results: readonly SweptResult[];
  readonly failed: readonly FailedRun[];
  readonly complete: boolean;
}> {
  const { out, signal, mine = () => true } = options;
  const runs = await runsOf(asked, options);
  await makeFolder(out);
  await keepPlan(out, asked);
  for (;;) {
    let waiting = false;
    for (const [i, run] of runs.entries()) {
      if (signal?.aborted === true) break;
      if (isDone(run)) continue;
      if (!mine(i)) {
        waiting = true;
        continue;
      }
      if (!(await attempted(run, options))) waiting = true;
    }
    if (signal?.aborted === true || !waiting || runs.every(isDone)) break;
    await setTimeout(PATIENCE);
  }
  const results = runs.flatMap(({ setting, seed, ...run }) => {
    const result = readResult({ ...run, seed });
    return result === undefined ? [] : [{ setting, seed, result }];
  });
  const failed = runs.flatMap((run) => {
    const message = failureOf(run);
    return message === undefined ? [] : [{ setting: run.setting, seed: run.seed, message }];
  });
  return { results, failed, complete: runs.every(isDone) };
}

/** Forgets which runs failed, so that they are tried again. */
export async function forgetFailures(
  asked: Sweep,
  options: Pick<CompareOptions, 'out' | 'installed'>,
): Promise<void> {
  for (const run of await runsOf(asked, options)) rmSync(failurePath(run), { force: true });
}

/** Trains a run, unless another process does. Returns whether it is over. */
async function attempted(run: SweptRun, options: SweepOptions): Promise<boolean> {
  const claim = await claimOf(run);
  if (claim === undefined) return false;
  try {
    if (isDone(run)) return true;
    return (await trained(run, options)) !== undefined;
  } catch (error) {
    if (!(error instanceof MaNetError)) throw error;
    await writeFileAtomic(failurePath(run), `${JSON.stringify({ message: error.message })}\n`);
    options.tell(`${run.path}: ${error.message}`);
    return true;
  } finally {
    claim.release();
  }
}

/** The right to train a run; undefined where another process has it. */
async function claimOf({ path }: SweptRun): Promise<RunLock | undefined> {
  const folder = join(dirname(path), 'claims', basename(path));
  await makeFolder(folder);
  try {
    return await lockRun(folder);
  } catch (error) {
    if (error instanceof MaNetError && error.code === 'locked') return undefined;
    throw error;
  }
}

const failurePath = ({ path }: ComparedRun): string => `${path}.failed.json`;

function failureOf(run: ComparedRun): string | undefined {
  const where = failurePath(run);
  if (!existsSync(where)) return undefined;
  const file = { what: 'The note', where, hint: 'remove the file: the run is tried again.' };
  return checked(z.strictObject({ message: z.string() }), parseJson(readFileSync(where), file), file).message;
}

function isDone(run: ComparedRun): boolean {
  return existsSync(`${run.path}.json`) || existsSync(failurePath(run));
}

/** What the folder is a sweep of; several processes may write the same at once. */
async function keepPlan(out: string, asked: Sweep): Promise<void> {
  const where = join(out, PLAN);
  if (!existsSync(where)) return writeFileAtomic(where, `${JSON.stringify(asked, null, 2)}\n`);
  const hint = 'go on as it was started, or sweep into another folder with --out.';
  const file = { what: 'The sweep', where, hint };
  const schema = z.looseObject({ recipe: z.unknown(), axes: z.unknown() });
  const known = checked(schema, parseJson(readFileSync(where), file), file);
  // More seeds may follow.
  const changes = changesBetween(
    { recipe: known.recipe, axes: known.axes },
    { recipe: asked.recipe, axes: asked.axes },
  );
  if (changes.length === 0) return;
  throw new MaNetError('bad-recipe', `The folder holds another sweep: ${changes[0]!}.`, { where, hint });
}

/** The runs of one setting. */
export interface SettingSummary {
  readonly setting: string;
  readonly test: Summary;
  /** Absent where nothing was held out. */
  readonly validation?: Summary;
  readonly parameters: Summary;
  /** Whether its mean is the best of those on images that were held out. */
  readonly best: boolean;
}

/** Summaries of the settings that have results, in the order of their first ones. */
export function settingSummaries(results: readonly SweptResult[]): readonly SettingSummary[] {
  const settings = [...new Set(results.map(({ setting }) => setting))];
  const rows = settings.map((setting) => {
    const runs = results.filter((one) => one.setting === setting).map(({ result }) => result);
    const held = runs.flatMap(({ validation, headline }) => validation?.[headline] ?? []);
    return {
      setting,
      test: summarise(runs.map(({ test, headline }) => test[headline]!)),
      ...(held.length === 0 ? {} : { validation: summarise(held) }),
      parameters: summarise(runs.map(({ parameters }) => parameters)),
    };
  });
  const sign = results[0]?.result.better === 'smaller' ? -1 : 1;
  const means = rows.flatMap(({ validation }) => (validation === undefined ? [] : [sign * validation.mean]));
  const most = Math.max(...means);
  return rows.map((row) => ({
    ...row,
    best: settings.length > 1 && row.validation !== undefined && sign * row.validation.mean === most,
  }));
}
