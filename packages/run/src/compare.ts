// Methods against each other: the same recipe under several methods and seeds, on the same mini-batches. Every
// training is a run directory of its own, so that a comparison goes on where it was stopped (Node only).

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checked, type Installed, MaNetError, parseJson, type RunningBackend } from '@ma-net/core';
import { makeFolder, writeFileAtomic } from '@ma-net/core/node';
import { letsUnitsGo, type PruneRule, type Selection } from '@ma-net/mnet';
import { asUsed, disposeState, type Listener, type TrainingState } from '@ma-net/trainer';
import { z } from 'zod';
import { bestState } from './best-state.ts';
import { inPlaceOf, partNamed, shortName } from './choose.ts';
import { type ComparedRun, type RunResult, resultOf, resultSchema } from './compare-result.ts';
import { measuredRecipe } from './latency.ts';
import type { MetricLine } from './metrics-file.ts';
import type { OpenRun } from './open.ts';
import { parseRecipe, type Recipe } from './recipe.ts';
import { changesBetween } from './recipe-changes.ts';
import { lockRun } from './run-lock.ts';
import type { Tell } from './saved-run.ts';
import { openedRun, trainRun } from './train-run.ts';

/** What is compared. */
export interface Comparison {
  /** Its seed and its method are replaced; what options of the method others have are theirs as well. */
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
  /** Names of methods, by their id or what stands behind its `#`. The first is what the others are compared with. */
  readonly methods: readonly string[];
  /** What is to go, for every method that prunes; the recipe's own unless given. */
  readonly rule?: PruneRule;
}

/** Recipes as they are, each under its name. The first is what the others are compared with. */
export interface RecipeComparison {
  /** Their seeds are replaced. */
  readonly recipes: readonly Recipe[];
  readonly seeds: readonly number[];
}

export interface CompareOptions {
  /** Folder of the comparison: the same one goes on with it. */
  readonly out: string;
  readonly installed: Installed;
  readonly backend: RunningBackend;
  /** Stops after the current mini-batch, saved. */
  readonly signal?: AbortSignal;
  /** A run starts, or goes on from `state`; returns what listens to it. */
  readonly watch?: (run: ComparedRun, open: OpenRun, state: TrainingState) => Promise<Listener>;
  /**
   * What is to be trained after a run, in its place in the comparison: the network that it found. It must follow from the run's
   * recipe and its last state alone.
   */
  readonly next?: (open: OpenRun, state: TrainingState) => Promise<Recipe | undefined>;
  readonly tell: Tell;
}

const PLAN = 'compare.json';

/**
 * Trains what is not trained yet, seed after seed, and measures it: its best state by what is held out, or its last one where
 * nothing is. Returns all results, and whether all are there.
 * Throws `bad-recipe` where the folder holds another comparison, `locked` where somebody else goes on with it, and what
 * opening and training the runs throws.
 */
export async function compare(
  comparison: Comparison | RecipeComparison,
  options: CompareOptions,
): Promise<{ readonly results: readonly RunResult[]; readonly complete: boolean }> {
  const { out, signal } = options;
  await makeFolder(out);
  const lock = await lockRun(out);
  try {
    const entries =
      'recipes' in comparison ? await asTheyAre(comparison, out) : await underMethods(comparison, options);
    const results: RunResult[] = [];
    for (const seed of comparison.seeds) {
      for (const { method, recipe } of entries) {
        if (signal?.aborted === true) return { results, complete: false };
        lock.check();
        const run = { method, seed, path: join(out, `${method}-s${seed}`), recipe: { ...recipe, seed } };
        const result = readResult(run) ?? (await trained(run, options));
        if (result === undefined) return { results, complete: false };
        results.push(result);
      }
    }
    return { results, complete: true };
  } finally {
    lock.release();
  }
}

/** A recipe, and what it is called in the comparison. */
interface Entry {
  readonly method: string;
  readonly recipe: Recipe;
}

/** Every recipe by its name. Throws `bad-argument` where two have one, or what they measure is not the same. */
async function asTheyAre({ recipes }: RecipeComparison, out: string): Promise<Entry[]> {
  const entries = recipes.map((recipe) => ({ method: recipe.name, recipe: { ...recipe, seed: 0 } }));
  refuseTwice(entries, 'recipes');
  const tasks = [...new Set(recipes.map(({ task }) => task.use))];
  if (tasks.length > 1) {
    throw new MaNetError(
      'bad-argument',
      `The recipes have tasks that are measured otherwise: ${tasks.join(', ')}.`,
      {
        where: 'recipes',
        hint: 'compare recipes of one task.',
      },
    );
  }
  const asked = { recipes: entries.map(({ recipe }) => recipe) };
  const path = join(out, PLAN);
  if (readPlan(path, asked) === undefined)
    await writeFileAtomic(path, `${JSON.stringify({ asked }, null, 2)}\n`);
  return entries;
}

const underMethods = async (comparison: Comparison, options: CompareOptions): Promise<Entry[]> =>
  (await recipesOf(comparison, options)).map((recipe) => ({ method: shortName(recipe.method), recipe }));

/** The recipe under each method, all with the same rule, whose times are measured once. */
async function recipesOf(
  { recipe, methods, rule }: Comparison,
  { out, installed, backend }: CompareOptions,
): Promise<Recipe[]> {
  const selection = (recipe.method['select'] ?? {}) as Selection;
  // A unit goes where all its readers are modulated, and the classifier reads the last of them.
  const select = rule !== undefined && letsUnitsGo(rule) ? { ...selection, outputs: true } : selection;
  const options = { ...recipe.method, ...(rule === undefined ? {} : { prune: rule, select }) };
  const parsed: Recipe[] = [];
  for (const name of methods) {
    const method = inPlaceOf(options, await partNamed(name, 'method', installed));
    parsed.push(await parseRecipe({ ...recipe, seed: 0, method }, `method "${name}"`, installed));
  }
  refuseTwice(
    parsed.map(({ method }) => ({ method: shortName(method) })),
    'methods',
  );
  const asked = { recipe: { ...recipe, seed: 0 }, ...(rule === undefined ? {} : { rule }) };
  const path = join(out, PLAN);
  const known = readPlan(path, asked);
  const pruning = parsed.find(({ method }) => method['prune'] !== undefined);
  let prune = known?.prune;
  if (known === undefined || (prune === undefined && pruning !== undefined)) {
    if (pruning !== undefined)
      ({ prune } = (await measuredRecipe(pruning, installed, async () => backend)).method);
    await writeFileAtomic(path, `${JSON.stringify({ asked, prune }, null, 2)}\n`);
  }
  return parsed.map((one) =>
    one.method['prune'] === undefined ? one : { ...one, method: { ...one.method, prune } },
  );
}

function refuseTwice(entries: readonly { readonly method: string }[], where: 'methods' | 'recipes'): void {
  const names = entries.map(({ method }) => method);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new MaNetError('bad-argument', `Two of the ${where} are called "${twice}".`, {
    where,
    hint: 'name each of them once.',
  });
}

const planSchema = z.looseObject({ asked: z.unknown(), prune: z.unknown().optional() });

/** What the folder was compared by; undefined where nothing was compared yet. Throws `bad-recipe` for something else. */
function readPlan(path: string, asked: unknown): { readonly prune?: unknown } | undefined {
  if (!existsSync(path)) return undefined;
  const hint = 'go on as it was started, or compare into another folder with --out.';
  const file = { what: 'The comparison', where: path, hint };
  const known = checked(planSchema, parseJson(readFileSync(path), file), file);
  const changes = changesBetween(known.asked, asked);
  if (changes.length === 0) return known;
  const shown = changes.slice(0, 10).map((change) => `  ${change}`);
  throw new MaNetError('bad-recipe', `The comparison was started otherwise:\n${shown.join('\n')}`, {
    where: path,
    hint,
  });
}

/**
 * Trains a run to its end and measures it, or what is to be trained after it, with the seconds of both; undefined where it was
 * stopped.
 */
export async function trained(run: ComparedRun, options: CompareOptions): Promise<RunResult | undefined> {
  let seconds = 0;
  for (let at = run; ; ) {
    const { open, directory, state } = await openedRun(at, options);
    try {
      const keeper =
        open.data.validation === undefined
          ? undefined
          : bestState(directory.path, open, { step: state.step, metrics: directory.metrics() });
      if (state.step < open.options.budget) {
        const listen = await options.watch?.(at, open, state);
        const { reason } = await trainRun(open, directory, state, {
          ...(options.signal === undefined ? {} : { signal: options.signal }),
          ...(listen === undefined ? {} : { listen }),
          ...(keeper === undefined ? {} : { keeper }),
        });
        if (reason === 'interrupted') return undefined;
      }
      seconds += secondsOf(directory.metrics());
      const next = await options.next?.(open, state);
      if (next === undefined) {
        const best = keeper?.best() === undefined ? undefined : keeper.load();
        const result = { ...(await resultOf(run, open, asUsed(best ?? state))), seconds };
        if (best !== undefined) disposeState(best);
        await writeFileAtomic(resultPath(run), `${JSON.stringify(result, null, 2)}\n`);
        return result;
      }
      at = { ...run, path: `${at.path}-found`, recipe: { ...next, seed: run.seed } };
    } finally {
      disposeState(state);
      directory.close();
      await open.source.close();
    }
  }
}

/** Of all mini-batches that were trained. */
function secondsOf(lines: readonly MetricLine[]): number {
  const steps = lines.flatMap(({ type, seconds }) =>
    type === 'step' && typeof seconds === 'number' ? [seconds] : [],
  );
  return steps.reduce((sum, one) => sum + one, 0);
}

const resultPath = ({ path }: ComparedRun): string => `${path}.json`;

/** What was measured of a run before. */
export function readResult(run: ComparedRun): RunResult | undefined {
  const where = resultPath(run);
  if (!existsSync(where)) return undefined;
  const value = parseJson(readFileSync(where), {
    what: 'The result',
    where,
    hint: 'remove the file: the run is measured again.',
  });
  const { data, error } = resultSchema.safeParse(value);
  if (data !== undefined) return data;
  throw new MaNetError('bad-file', `The result cannot be used: ${error!.issues[0]!.message}.`, {
    where,
    hint: 'remove the file: the run is measured again.',
  });
}
