import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Installed } from '@ma-net/core';
import { launched } from '@ma-net/mpi/launched';
import {
  type FailedRun,
  forgetFailures,
  runsOf,
  settingSummaries,
  type Sweep,
  sweep as sweepRuns,
  type SweptResult,
} from '@ma-net/run/node';
import { start } from '../backends.ts';
import { nextToTrain } from '../found.ts';
import { interruptible } from '../interrupt.ts';
import { type AxisOrChange, axesAndChanges } from '../option-values.ts';
import { count, duration, spread } from '../quantities.ts';
import { type RecipeArguments, resolveRecipe } from '../recipe-argument.ts';
import { EXIT } from '../report-error.ts';
import { plainName } from '../run-path.ts';
import { createScreen, type Screen, warn, wrapped } from '../screen.ts';
import { table } from '../table.ts';
import { describeRun, showing } from '../training.ts';

/** How runs are trained. */
export interface SweepingArguments {
  readonly jobs: number;
  readonly backend: string;
  readonly threads?: number;
  readonly out?: string;
  /** A process that another one started: it trains, and leaves the table to it. */
  readonly worker?: boolean;
}

export interface SweepArguments extends Omit<RecipeArguments, 'set' | 'seed'>, SweepingArguments {
  readonly set: readonly AxisOrChange[];
  readonly seeds: readonly number[];
}

/** `manet sweep`: a recipe with every combination of some settings and seeds, and one table. */
export async function sweep(args: SweepArguments): Promise<number> {
  const screen = createScreen();
  const { axes, changes } = axesAndChanges(args.set);
  const { recipe, installed } = await resolveRecipe({ ...args, set: changes });
  return sweepInto({ recipe, seeds: args.seeds, axes }, installed, {
    ...args,
    out: args.out ?? `runs/sweep-${plainName(recipe.name, 'recipe')}`,
    tell: (results) => tell(results, recipe.name, screen),
  });
}

/** Trains what is left of a sweep, alone or with others; whoever leads tells of the results. Returns the exit code. */
export async function sweepInto(
  asked: Sweep,
  installed: Installed,
  args: SweepingArguments & {
    readonly out: string;
    readonly tell: (results: readonly SweptResult[]) => void;
  },
): Promise<number> {
  const screen = createScreen();
  const started = performance.now();
  const { out } = args;
  const runs = await runsOf(asked, { out, installed });
  const job = launched(process.env);
  const leads = args.worker !== true && (job === undefined || job.rank === 0);
  if (leads) {
    await forgetFailures(asked, { out, installed });
    screen.line(
      `${out}: ${runs.length} runs, ${runs.length / asked.seeds.length} settings; seeds ${asked.seeds.join(' ')}`,
    );
  }
  const alone = leads && args.jobs === 1 && job === undefined;
  // Others train, and this process waits for them.
  const jobs = leads && args.jobs > 1 ? startJobs(args.jobs, args.threads) : undefined;
  const backend = await start(args.backend, args);
  if (leads) screen.line(`${backend.name}: ${backend.device}`);
  const { results, failed, complete } = await interruptible(
    () => screen.line('  stopping after this mini-batch; press Ctrl-C again to stop at once'),
    async (signal) => {
      const controller = new AbortController();
      signal.addEventListener('abort', () => controller.abort());
      void jobs?.then(() => controller.abort());
      // A worker does not outlive who started it.
      if (args.worker === true) process.once('disconnect', () => controller.abort());
      process.channel?.unref();
      return sweepRuns(asked, {
        out,
        installed,
        backend,
        signal: controller.signal,
        tell: warn,
        next: nextToTrain([], installed),
        mine: (run) => jobs === undefined && (job === undefined || run % job.size === job.rank),
        async watch({ path }, open, state) {
          if (!alone) return () => undefined;
          screen.line();
          screen.heading(`${path}: ${describeRun(open)}`);
          return showing(open, state, screen);
        },
      });
    },
  );
  await jobs;
  if (!leads) return failed.length > 0 ? EXIT.failed : complete ? 0 : EXIT.interrupted;
  screen.line();
  if (results.length > 0) args.tell(results);
  for (const { setting, seed, message } of failed)
    screen.line(wrapped(failure(setting, seed, message), screen.width));
  screen.line(
    `\nThis session took ${duration((performance.now() - started) / 1000)}. The runs are in ${out}.`,
  );
  if (failed.length > 0) return EXIT.failed;
  if (complete) return 0;
  screen.line(`Stopped; everything is saved. The same command goes on.`);
  return EXIT.interrupted;
}

const failure = (setting: string, seed: FailedRun['seed'], message: string): string =>
  `failed: ${setting === '' ? 'the recipe' : setting}, seed ${seed}: ${message}`;

/** Starts this command so many times over, as workers; ends when all of them did. */
async function startJobs(jobs: number, threads: number | undefined): Promise<void> {
  const each = threads ?? Math.max(1, Math.floor(availableParallelism() / jobs));
  const given = threads === undefined ? ['--threads', String(each)] : [];
  const args = [...process.execArgv, ...process.argv.slice(1), '--worker', ...given];
  await Promise.all(
    Array.from(
      { length: jobs },
      () =>
        new Promise<void>((resolve, reject) => {
          const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
          child.once('error', reject);
          child.once('exit', () => resolve());
        }),
    ),
  );
}

function tell(results: readonly SweptResult[], name: string, screen: Screen): void {
  const summaries = settingSummaries(results);
  const { headline } = results[0]!.result;
  const held = summaries.some(({ validation }) => validation !== undefined);
  const head = [
    'setting',
    'runs',
    ...(held ? [`validation ${headline}`] : []),
    `test ${headline}`,
    'parameters',
    ...(held ? [''] : []),
  ];
  const rows = summaries.map(({ setting, test, validation, parameters, best }) => [
    setting === '' ? name : setting,
    String(test.runs),
    ...(held ? [spread(validation)] : []),
    spread(test),
    count(parameters.mean),
    ...(held ? [best ? 'best of what is held out' : ''] : []),
  ]);
  screen.line(`${name}: means and standard deviations, in per cent`);
  for (const line of table(head, rows, screen.width)) screen.line(line);
}
