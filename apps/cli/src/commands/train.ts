import { MaNetError, type RunningBackend } from '@ma-net/core';
import { countParameters } from '@ma-net/metrics';
import {
  createRunDirectory,
  factsOf,
  masksInForce,
  measuredRecipe,
  type OpenRun,
  openRun,
  continueSavedRun,
  continuedRun,
  type SavedRun,
  type RunWriter,
  sameAs,
  whyDigitsDiffer,
} from '@ma-net/run/node';
import { disposeState, type EvaluatedSet, type TrainingState } from '@ma-net/trainer';
import { start } from '../backends.ts';
import { manet } from '../command-name.ts';
import { installed } from '../installed.ts';
import { changed, duration, percent } from '../quantities.ts';
import { type RecipeArguments, resolveRecipe } from '../recipe-argument.ts';
import { EXIT } from '../report-error.ts';
import { freePath } from '../run-path.ts';
import { createScreen, type Screen, warn, wrapped } from '../screen.ts';
import { describeRun, train as trainRun } from '../training.ts';

export interface TrainArguments extends RecipeArguments {
  readonly backend: string;
  readonly threads?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly print?: boolean;
  readonly tensorboard?: boolean;
}

/** `manet train`: a new run, or the rest of one. */
export async function train(args: TrainArguments): Promise<number> {
  const screen = createScreen();
  if (args.resume !== undefined) return resume(args, args.resume, screen);

  const { recipe: asked, installed: parts } = await resolveRecipe(args);
  if (args.print === true) {
    screen.line(JSON.stringify(asked, null, 2));
    return 0;
  }
  let started: RunningBackend | undefined;
  const recipe = await measuredRecipe(asked, parts, async () => (started = await start(args.backend, args)));
  // Recipe and data first: what can be refused is refused before anything starts.
  const weights: string[] = [];
  const open = await openRun(recipe, parts, (words) => weights.push(words));
  const backend = started ?? (await start(args.backend, args));
  const path = args.out ?? freePath(recipe);
  const directory = await createRunDirectory(path, recipe, factsOf(open, backend));
  try {
    screen.line(`${path}: ${describeRun(open)}`);
    screen.line(`${backend.name}: ${backend.device}`);
    for (const words of weights) screen.line(wrapped(words, screen.width));
    return await finish(open, directory, open.start(), screen, args);
  } finally {
    directory.close();
  }
}

async function resume(args: TrainArguments, path: string, screen: Screen): Promise<number> {
  refuseChanges(args);
  const saved = await continueSavedRun(path, installed(), args.data);
  try {
    return await goOn(saved, args, screen);
  } finally {
    saved.directory.close();
  }
}

async function goOn(saved: SavedRun<RunWriter>, args: TrainArguments, screen: Screen): Promise<number> {
  const { directory } = saved;
  // The data first: what can be refused is refused before anything starts.
  await saved.open();
  const same = sameAs(directory.facts, args);
  const backend = await start(same.backend, same);
  const changes = whyDigitsDiffer(directory.facts, backend);
  const { open, state } = await continuedRun(saved, backend, warn);
  screen.line(`${directory.path}: ${describeRun(open)}`);
  screen.line(`${backend.name}: ${backend.device}`);
  if (changes !== undefined) screen.line(changes);
  screen.line(
    state.step === 0
      ? 'stopped before its first checkpoint: starting at the first mini-batch'
      : `continuing after mini-batch ${state.step} of ${open.options.budget}`,
  );
  return finish(open, directory, state, screen, args);
}

async function finish(
  open: OpenRun,
  directory: RunWriter,
  state: TrainingState,
  screen: Screen,
  { tensorboard }: TrainArguments,
): Promise<number> {
  const board = tensorboard === undefined ? {} : { tensorboard };
  const { reason, seconds } = await trainRun(open, directory, state, screen, board);
  const { path } = directory;
  screen.line();
  if (reason === 'interrupted') {
    screen.line(`Stopped after mini-batch ${state.step} of ${open.options.budget}; everything is saved.`);
    screen.line(`  continue with: ${manet()} train --resume ${path}`);
    disposeState(state);
    return EXIT.interrupted;
  }
  const { total, kept } = countParameters(open.network, await masksInForce(open, state));
  disposeState(state);
  const { measure: headline } = open.task.headline;
  screen.line(`${path} is trained; this session took ${duration(seconds)}.`);
  const measured = (['validation', 'test'] as const).flatMap((set) => {
    const value = lastMeasures(directory, set)?.[headline];
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
function refuseChanges({ recipe, set, method, seed, out, print }: TrainArguments): void {
  const given = {
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
