import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MaNetError, type RunningBackend } from '@ma-net/core';
import { countParameters } from '@ma-net/metrics';
import type { MpiRanks } from '@ma-net/mpi';
import {
  createRunDirectory,
  factsOf,
  followRanks,
  leadRanks,
  masksInForce,
  measuredRecipe,
  type OpenRun,
  openRun,
  continueSavedRun,
  continuedRun,
  type SavedRun,
  type RunWriter,
  sameAs,
  trainPart,
  whyDigitsDiffer,
} from '@ma-net/run/node';
import { disposeState, type EvaluatedSet, type TrainingState } from '@ma-net/trainer';
import { start } from '../backends.ts';
import { manet } from '../command-name.ts';
import { installed } from '../installed.ts';
import { interruptible } from '../interrupt.ts';
import { changed, duration, percent } from '../quantities.ts';
import { FIRST_WORD, jobOf } from '../ranks.ts';
import { type RecipeArguments, resolveRecipe } from '../recipe-argument.ts';
import { EXIT } from '../report-error.ts';
import { freePath } from '../run-path.ts';
import { withRunWeights } from '../run-weights.ts';
import { createScreen, type Screen, warn, wrapped } from '../screen.ts';
import { describeRun, train as trainRun } from '../training.ts';

export interface TrainArguments extends RecipeArguments {
  readonly backend: string;
  readonly threads?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly print?: boolean;
  readonly tensorboard?: boolean;
  readonly syncBn?: boolean;
  /** Whether stdout is for programs: a line of JSON for everything that happens; words go to stderr. */
  readonly json?: boolean;
}

/** `manet train`: a new run, or the rest of one, alone or as one rank of a job. */
export async function train(given: TrainArguments): Promise<number> {
  const args = given.syncBn === true ? { ...given, set: [...given.set, 'syncBatchNorm=true'] } : given;
  if (args.print === true) return print(args);
  const job = await jobOf();
  if (job === undefined) return lead(args);
  const { ranks } = job;
  const own = { ...args, threads: args.threads ?? job.threads };
  const code = ranks.rank === 0 ? await lead(own, ranks) : await follow(own, ranks);
  ranks.close();
  return code;
}

async function print(args: TrainArguments): Promise<number> {
  const { recipe } = await resolveRecipe(args);
  createScreen().line(JSON.stringify(recipe, null, 2));
  return 0;
}

/** A process that stands alone, or rank 0. */
async function lead(args: TrainArguments, ranks?: MpiRanks): Promise<number> {
  const screen = createScreen(args.json === true ? process.stderr : process.stdout);
  if (args.resume !== undefined) return resume(args, args.resume, screen, ranks);

  const { recipe: asked, installed: parts } = await resolveRecipe(args);
  let started: RunningBackend | undefined;
  const measured = await measuredRecipe(
    asked,
    parts,
    async () => (started = await start(args.backend, args)),
  );
  const recipe = await withRunWeights(measured, args, screen);
  // Recipe and data first: what can be refused is refused before anything starts.
  const weights: string[] = [];
  const open = await openRun(recipe, parts, (words) => weights.push(words));
  const backend = started ?? (await start(args.backend, args));
  const state = open.start();
  if (ranks !== undefined) await leadRanks({ open, asked, state }, ranks);
  const path = args.out ?? freePath(recipe);
  const directory = await createRunDirectory(path, recipe, { ...factsOf(open, backend), ...factOf(ranks) });
  try {
    screen.line(`${path}: ${describeRun(open)}`);
    screen.line(`${backend.name}: ${backend.device}`);
    if (ranks !== undefined) screen.line(describeRanks(ranks, open));
    for (const words of weights) screen.line(wrapped(words, screen.width));
    return await finish(open, directory, state, screen, { ...args, ranks });
  } finally {
    directory.close();
  }
}

/** Another rank: trains along, and says nothing that rank 0 says as well. */
async function follow(args: TrainArguments, ranks: MpiRanks): Promise<number> {
  try {
    return await trainAlong(args, ranks);
  } catch (error) {
    await setTimeout(FIRST_WORD);
    throw error;
  }
}

async function trainAlong(args: TrainArguments, ranks: MpiRanks): Promise<number> {
  if (args.resume !== undefined) refuseChanges(args);
  const asked = args.resume === undefined ? await resolveRecipe(args) : undefined;
  await start(args.backend, args);
  const invited = await followRanks(ranks, {
    installed: asked?.installed ?? installed(),
    ...(asked === undefined ? {} : { asked: asked.recipe }),
    ...(args.data === undefined ? {} : { folder: resolve(args.data) }),
  });
  if (invited === undefined) {
    await setTimeout(FIRST_WORD);
    return EXIT.failed;
  }
  const { open, state } = invited;
  try {
    await interruptible(
      () => undefined,
      (signal) => trainPart(invited, ranks, signal),
    );
    return state.step === open.options.budget ? 0 : EXIT.interrupted;
  } finally {
    disposeState(state);
    await open.source.close();
  }
}

const factOf = (ranks: MpiRanks | undefined): Readonly<Record<string, unknown>> =>
  ranks === undefined ? {} : { ranks: { size: ranks.size, mpi: ranks.about } };

function describeRanks({ size, about }: MpiRanks, { recipe }: OpenRun): string {
  return `${size} ranks of ${about}, ${recipe.batchSize / size} samples each of a mini-batch of ${recipe.batchSize}`;
}

async function resume(
  args: TrainArguments,
  path: string,
  screen: Screen,
  ranks: MpiRanks | undefined,
): Promise<number> {
  refuseChanges(args);
  const saved = await continueSavedRun(path, installed(), args.data);
  try {
    return await goOn(saved, args, screen, ranks);
  } finally {
    saved.directory.close();
  }
}

async function goOn(
  saved: SavedRun<RunWriter>,
  args: TrainArguments,
  screen: Screen,
  ranks: MpiRanks | undefined,
): Promise<number> {
  const { directory } = saved;
  // The data first: what can be refused is refused before anything starts.
  await saved.open();
  const same = sameAs(directory.facts, args);
  const backend = await start(same.backend, same);
  const changes = whyDigitsDiffer(directory.facts, backend);
  const { open, state } = await continuedRun(saved, backend, warn);
  if (ranks !== undefined) await leadRanks({ open, state }, ranks);
  await directory.saveFacts({ ...directory.facts, ...factOf(ranks) });
  screen.line(`${directory.path}: ${describeRun(open)}`);
  screen.line(`${backend.name}: ${backend.device}`);
  if (ranks !== undefined) screen.line(describeRanks(ranks, open));
  if (changes !== undefined) screen.line(changes);
  screen.line(
    state.step === 0
      ? 'stopped before its first checkpoint: starting at the first mini-batch'
      : `continuing after mini-batch ${state.step} of ${open.options.budget}`,
  );
  return finish(open, directory, state, screen, { ...args, ranks });
}

async function finish(
  open: OpenRun,
  directory: RunWriter,
  state: TrainingState,
  screen: Screen,
  {
    tensorboard,
    json,
    ranks,
  }: Pick<TrainArguments, 'tensorboard' | 'json'> & { readonly ranks: MpiRanks | undefined },
): Promise<number> {
  const { path } = directory;
  const tell = json === true ? jsonLine : undefined;
  tell?.({ type: 'run', path, facts: directory.facts });
  const { reason, seconds } = await trainRun(open, directory, state, screen, {
    ...(tensorboard === undefined ? {} : { tensorboard }),
    ...(tell === undefined ? {} : { listen: tell }),
    ...(ranks === undefined ? {} : { ranks }),
  });
  screen.line();
  if (reason === 'interrupted') {
    screen.line(`Stopped after mini-batch ${state.step} of ${open.options.budget}; everything is saved.`);
    screen.line(`  continue with: ${manet()} train --resume ${path}`);
    tell?.({ type: 'result', path, reason, step: state.step, seconds });
    disposeState(state);
    return EXIT.interrupted;
  }
  const { total, kept } = countParameters(open.network, await masksInForce(open, state));
  const { step } = state;
  disposeState(state);
  const sets = ['validation', 'test'] as const;
  const measures = Object.fromEntries(
    sets.flatMap((set) => {
      const last = lastMeasures(directory, set);
      return last === undefined ? [] : [[set, last] as const];
    }),
  );
  tell?.({ type: 'result', path, reason, step, seconds, measures, parameters: { total, kept } });
  const { measure: headline } = open.task.headline;
  screen.line(`${path} is trained; this session took ${duration(seconds)}.`);
  const measured = sets.flatMap((set) => {
    const value = measures[set]?.[headline];
    return value === undefined ? [] : [[`${set} ${headline}`, percent(value)] as const];
  });
  const rows = [...measured, ['parameters', changed(kept, total)] as const];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) screen.line(`  ${name.padEnd(width)}  ${value}`);
  screen.line(
    kept < total
      ? `  next: ${manet()} prune ${path} --dry-run`
      : `  next: ${manet()} export ${path} --format safetensors`,
  );
  return 0;
}

/** For programs that wait on stdout. */
function jsonLine(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function lastMeasures(
  directory: RunWriter,
  wanted: EvaluatedSet,
): Readonly<Record<string, number>> | undefined {
  const line = directory
    .metrics()
    // Earlier versions measured the test images alone, and did not say so.
    .findLast(({ type, set = 'test' }) => type === 'evaluation' && set === wanted);
  return line?.['measures'] as Readonly<Record<string, number>> | undefined;
}

/** A resumed run is the run that was started: only where it runs and where its data are may differ. */
function refuseChanges({ recipe, set, method, seed, out, print, syncBn }: TrainArguments): void {
  const given = {
    '--sync-bn': syncBn,
    '--recipe': recipe,
    '--set': set[0],
    '--method': method,
    '--seed': seed,
    '--out': out,
    '--print': print,
  };
  const refused = Object.entries(given).find(([, value]) => value !== undefined);
  if (refused === undefined) return;
  throw new MaNetError('bad-argument', `A run is resumed as it was started; ${refused[0]} would change it.`, {
    where: '--resume',
    hint: `leave ${refused[0]} out, or start a new run without --resume.`,
  });
}
