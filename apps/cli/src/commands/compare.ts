import { type Installed, MaNetError, type RunningBackend } from '@ma-net/core';
import type { PairedSummary, Summary } from '@ma-net/metrics';
import { describeRule, pruneRule } from '@ma-net/mnet';
import { recipes } from '@ma-net/recipes';
import {
  compare as compareRuns,
  type Comparison,
  type MethodSummary,
  type RecipeComparison,
  type RunResult,
  summariesOf,
} from '@ma-net/run/node';
import { start } from '../backends.ts';
import { manet } from '../command-name.ts';
import { nextToTrain } from '../found.ts';
import { interruptible } from '../interrupt.ts';
import { count, duration, spread } from '../quantities.ts';
import { type RecipeArguments, resolveRecipe } from '../recipe-argument.ts';
import { EXIT } from '../report-error.ts';
import { plainName } from '../run-path.ts';
import { createScreen, type Screen, warn, wrapped } from '../screen.ts';
import { table } from '../table.ts';
import { describeRun, showing } from '../training.ts';
import { type Removal, unitRule } from '../unit-rule.ts';

export interface CompareArguments extends RecipeArguments, Removal {
  readonly seeds: readonly number[];
  /** The usual ones unless given. */
  readonly methods?: readonly string[];
  readonly backend: string;
  readonly threads?: number;
  readonly out?: string;
}

/**
 * `manet compare`: a recipe under several methods and seeds, or several recipes as they are, and what the differences
 * are.
 */
export async function compare(args: CompareArguments): Promise<number> {
  const screen = createScreen();
  const started = performance.now();
  const { comparison, installed, name, about } = await comparisonOf(args);
  const backend: RunningBackend = await start(args.backend, args);
  const out = args.out ?? `runs/compare-${plainName(name, 'recipe')}`;
  screen.line(wrapped(`${out}: ${about}`, screen.width));
  screen.line(`${backend.name}: ${backend.device}`);
  const { results, complete } = await interruptible(
    () => screen.line('  stopping after this mini-batch; press Ctrl-C again to stop at once'),
    (signal) =>
      compareRuns(comparison, {
        out,
        installed,
        backend,
        signal,
        tell: warn,
        next: nextToTrain('recipes' in comparison ? comparison.recipes : [], installed),
        async watch({ path }, open, state) {
          screen.line();
          screen.heading(`${path}: ${describeRun(open)}`);
          if (state.step > 0)
            screen.line(`  continuing after mini-batch ${state.step} of ${open.options.budget}`);
          return showing(open, state, screen);
        },
      }),
  );
  if (!complete) {
    screen.line('\nStopped; everything is saved. The same command goes on.');
    return EXIT.interrupted;
  }
  screen.line();
  tell(results, name, screen);
  screen.line(
    `\nThis session took ${duration((performance.now() - started) / 1000)}. The networks are in ${out}.`,
  );
  screen.line(
    `  next: ${manet()} eval ${out}/${results.at(-1)!.method}-s${results.at(-1)!.seed}.safetensors`,
  );
  return 0;
}

interface Asked {
  readonly comparison: Comparison | RecipeComparison;
  readonly installed: Installed;
  /** Of the comparison. */
  readonly name: string;
  /** What is compared, in a line. */
  readonly about: string;
}

/** One recipe under methods, or several: `a,b`, or all whose names fit `methods-*`. */
async function comparisonOf({ methods, ...args }: CompareArguments): Promise<Asked> {
  const { seeds } = args;
  const names = recipeNames(args.recipe ?? '');
  if (names === undefined) {
    const { recipe, installed } = await resolveRecipe(args);
    const rule = unitRule(args, pruneRule.safeParse(recipe.method['prune']).data);
    const compared = methods ?? DEFAULT_METHODS;
    const about = `${compared.join(', ')}; seeds ${seeds.join(' ')}; ${describeRule(rule)}`;
    return { comparison: { recipe, seeds, methods: compared, rule }, installed, name: recipe.name, about };
  }
  if (methods !== undefined || REMOVALS.some((option) => args[option] !== undefined)) {
    throw new MaNetError(
      'bad-argument',
      'Several recipes are compared as they are, each with its own method and rule.',
      {
        where: '--methods, --remove, --remove-macs, --latency',
        hint: 'leave these out, compare one recipe, or change all recipes by --set.',
      },
    );
  }
  const resolved = await Promise.all(names.map((recipe) => resolveRecipe({ ...args, recipe })));
  const recipes = resolved.map(({ recipe }) => recipe);
  return {
    comparison: { recipes, seeds },
    installed: resolved[0]!.installed,
    name: args.recipe!.replace(/[^A-Za-z0-9-]+/g, '-').replace(/-+$/, ''),
    about: `${recipes.map(({ name }) => name).join(', ')}; seeds ${seeds.join(' ')}`,
  };
}

const DEFAULT_METHODS = ['plain', 'magnitude', 'slim', 'ma-net'];
const REMOVALS = ['remove', 'removeMacs', 'latency'] as const;

/** The recipes that were named, if they are several; undefined for one. Throws `unknown-name` where no name fits. */
function recipeNames(wanted: string): readonly string[] | undefined {
  if (wanted.includes(',')) return wanted.split(',');
  if (!wanted.endsWith('*')) return undefined;
  const names = Object.keys(recipes).filter((name) => name.startsWith(wanted.slice(0, -1)));
  if (names.length > 0) return names;
  throw new MaNetError('unknown-name', `No recipe is called "${wanted}".`, {
    where: '--recipe',
    hint: 'see "manet recipes"; "methods-*" are all methods at a small scale.',
  });
}

/** The table, and the differences that it has no column for. */
function tell(results: readonly RunResult[], name: string, screen: Screen): void {
  const summaries = summariesOf(results);
  const [first] = summaries;
  const { headline } = results[0]!;
  const held = summaries.some(({ validation }) => validation !== undefined);
  const timed = summaries.every(({ seconds }) => seconds !== undefined);
  const head = [
    '',
    'runs',
    ...(held ? [`validation ${headline}`] : []),
    `test ${headline}`,
    `minus ${first!.method}`,
    'parameters',
    'MACs',
    'bytes',
    'ms dense',
    'ms compacted',
    ...(timed ? ['seconds'] : []),
  ];
  const rows = summaries.map((summary): string[] => [
    summary.method,
    String(summary.test.runs),
    ...(held ? [spread(summary.validation)] : []),
    spread(summary.test),
    interval(summary.differences[first!.method]),
    mean(summary.parameters),
    mean(summary.macs),
    mean(summary.bytes),
    summary.dense.mean.toPrecision(3),
    summary.compacted.mean.toPrecision(3),
    ...(timed ? [summary.seconds!.mean.toFixed(0)] : []),
  ]);
  screen.line(`${name}: means, standard deviations, and differences with 95 % intervals, in per cent`);
  for (const line of table(head, rows, screen.width)) screen.line(line);
  const others = summaries.flatMap(pairsBeside(first!));
  if (others.length === 0) return;
  screen.line();
  for (const line of table(['', `difference of test ${headline}`, 'better'], others, screen.width))
    screen.line(line);
}

/** Differences to other methods than the first. */
const pairsBeside =
  (first: MethodSummary) =>
  ({ method, differences }: MethodSummary): string[][] =>
    Object.entries(differences)
      .filter(([other]) => other !== first.method)
      .map(([other, pairs]) => [
        `${method} minus ${other}`,
        interval(pairs),
        `${pairs.positive} of ${pairs.runs}`,
      ]);

function mean(summary: Summary): string {
  return count(summary.mean);
}

function interval(pairs: PairedSummary | undefined): string {
  if (pairs === undefined) return '';
  const { mean: value, margin } = pairs;
  const signed = (x: number): string => `${x < 0 ? '' : '+'}${(100 * x).toFixed(2)}`;
  return margin === undefined
    ? signed(value)
    : `${signed(value)} [${signed(value - margin)}, ${signed(value + margin)}]`;
}
