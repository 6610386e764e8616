import {
  type Batch,
  evaluate as measure,
  MaNetError,
  type Meter,
  type Params,
  settle,
  type Task,
} from '@ma-net/core';
import type { NetworkFacts } from '@ma-net/export';
import { loadNetwork, type TrainedNetwork } from '@ma-net/export/node';
import { type AtBudget, countMacs, countParameters } from '@ma-net/metrics';
import { parseRecipe } from '@ma-net/run';
import {
  type ClosedRun,
  masksInForce,
  openFor,
  openSavedRun,
  requireBest,
  requireCheckpoint,
  type RunData,
  testSet,
  withData,
} from '@ma-net/run/node';
import { disposeState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '../backends.ts';
import { budgetsOf, budgetTable } from '../budgets.ts';
import { installed } from '../installed.ts';
import { isRun } from '../network-argument.ts';
import { changed, count, measured } from '../quantities.ts';
import { createScreen, warn } from '../screen.ts';
import { table } from '../table.ts';

export interface EvalArguments {
  /** Whether the best checkpoint of a run is meant, and not the last. */
  readonly best?: boolean;
  /** Whether the measures of every class are told, too. */
  readonly classes?: boolean;
  /** Whether accuracy is told against the cost of leaving early, too. */
  readonly budgets?: boolean;
  /** A results file of COCO's tools, measured in place of a network on the folder of `data`. */
  readonly results?: string;
  readonly data?: string;
  readonly backend: string;
  readonly threads?: number;
}

/**
 * `manet eval`: measures of a run's last checkpoint, or of an exported network, on the test images; or of a results file,
 * whoever wrote it.
 */
export async function evaluate(path: string | undefined, args: EvalArguments): Promise<void> {
  const found = await (args.results === undefined
    ? evaluateNetwork(path!, args)
    : evaluateResults(path, args));
  tell(path ?? args.results!, found, args);
}

function evaluateNetwork(path: string, args: EvalArguments): Promise<Measured> {
  return isRun(path) ? evaluateRun(path, args) : evaluateFile(path, args);
}

function tell(
  path: string,
  { measures, byClass, classNames, samples, lines, budgets }: Measured,
  args: EvalArguments,
): void {
  const screen = createScreen();
  refuseNonFinite(measures, path);
  screen.line(`${path}, ${samples}`);
  for (const [name, value] of Object.entries(measures))
    screen.line(`  ${name.padEnd(11)} ${measured(name, value)}`);
  for (const [name, value] of lines) screen.line(`  ${name.padEnd(11)} ${value}`);
  if (budgets !== undefined) {
    screen.line();
    for (const line of budgetTable(budgets, screen.width)) screen.line(line);
  }
  if (args.classes !== true) return;
  screen.line();
  for (const line of classTable(byClass, classNames, path, screen.width)) screen.line(line);
}

/** A row for every class that has measures. */
function classTable(
  byClass: Measured['byClass'],
  classNames: readonly string[],
  where: string,
  width: number,
): readonly string[] {
  if (byClass === undefined) {
    throw new MaNetError('bad-argument', 'The task has no measures of single classes.', {
      where,
      hint: 'leave --classes out.',
    });
  }
  const names = [...new Set([...byClass.values()].flatMap((measures) => Object.keys(measures)))];
  const rows = [...byClass].map(([label, measures]) => [
    classNames[label]!,
    ...names.map((name) => (measures[name] === undefined ? '' : (100 * measures[name]).toFixed(2))),
  ]);
  return table(['per cent', ...names], rows, width);
}

/** Finite weights may still give sums that are not. */
function refuseNonFinite(measures: Measured['measures'], where: string): void {
  const broken = Object.entries(measures).find(([, value]) => !Number.isFinite(value));
  if (broken === undefined) return;
  throw new MaNetError(
    'non-finite',
    `The measure ${broken[0]} is ${broken[1]}: the network left the numbers.`,
    {
      where,
      hint: 'train again with a lower learning rate, or a warm-up.',
    },
  );
}

interface Measured {
  readonly measures: Readonly<Record<string, number>>;
  /** Of every class, by its label, where the task has any. */
  readonly byClass: ReturnType<NonNullable<Meter<unknown>['byClass']>> | undefined;
  readonly classNames: readonly string[];
  /** What was measured, in words. */
  readonly samples: string;
  readonly lines: readonly (readonly [string, string])[];
  /** Of a network with exits, where they were asked for. */
  readonly budgets?: readonly AtBudget[];
}

async function evaluateResults(
  path: string | undefined,
  { results, data, best, budgets }: EvalArguments,
): Promise<Measured> {
  const refuse = (problem: string, hint: string): MaNetError =>
    new MaNetError('bad-argument', problem, { where: '--results', hint });
  if (path !== undefined) {
    throw refuse(
      'A results file is measured by itself, and a network is named too.',
      `leave ${path} out, or --results; "manet predict --results" writes what a network finds.`,
    );
  }
  if (best === true) throw refuse('Only a run has a best checkpoint.', 'leave --best out.');
  if (budgets === true) throw refuse('Only a network has exits.', 'leave --budgets out.');
  if (data === undefined) {
    throw refuse(
      'Nothing says which images the results are about.',
      "pass the folder of the annotations in COCO's layout with --data.",
    );
  }
  const { measureResults } = await import('@ma-net/data-coco/node');
  const { truth, images, detections, ...found } = await measureResults(results!, data);
  return {
    ...found,
    samples: `${count(detections)} detections in ${count(images)} images of ${truth}`,
    lines: [],
  };
}

async function evaluateRun(
  path: string,
  { best, data, backend, threads, budgets }: EvalArguments,
): Promise<Measured> {
  const saved = await openSavedRun(path, installed(), data);
  const open = await saved.open();
  await start(backend, { threads });
  const { state } = best === true ? requireBest(saved) : requireCheckpoint(saved, warn);
  const params = open.training.weights(state.sections);
  const { stats } = state.sections;
  const found = await measuresOf(open, { params, stats }, budgets);
  const masks = await masksInForce(open, state);
  tf.dispose(params as tf.TensorContainerObject);
  disposeState(state);
  const { total, kept } = countParameters(open.network, masks);
  return {
    ...found,
    samples: samplesOf(open.data),
    lines: [
      ['parameters', changed(kept, total)],
      ['stored', count(total)],
      ['MACs', count(countMacs(open.network))],
      ['mini-batch', `${count(state.step)} of ${count(open.options.budget)}`],
    ],
  };
}

async function evaluateFile(
  path: string,
  { best, data, backend, threads, budgets }: EvalArguments,
): Promise<Measured> {
  if (best === true) {
    throw new MaNetError('bad-argument', 'A file holds one network; only a run has a best checkpoint.', {
      where: path,
      hint: 'pass the run directory, or leave --best out.',
    });
  }
  await start(backend, { threads });
  const parts = installed();
  const { facts, ...trained } = await loadNetwork(path, { installed: parts });
  const recipe = await parseRecipe(facts.recipe, path, parts);
  const moved = data === undefined ? recipe : withData(recipe, data);
  const open = await openFor(trained.network, moved, parts);
  refuseOtherClasses(facts, open.facts.classNames, path);
  const { params, stats } = trained;
  const found = await measuresOf(open, { params, stats }, budgets);
  const lines = sizes(trained, facts);
  tf.dispose([params, stats] as tf.TensorContainer);
  return { ...found, samples: samplesOf(open.data), lines };
}

async function measuresOf<B extends Batch>(
  open: { readonly task: Task<B> } & Pick<ClosedRun<B>, 'facts'> & RunData<B>,
  trained: { readonly params: Params; readonly stats: Params },
  early = false,
): Promise<Pick<Measured, 'measures' | 'byClass' | 'classNames' | 'budgets'>> {
  const { task, facts, evaluationBatches } = open;
  const meter = task.meter();
  const settled = await settle({ network: task.network, ...trained });
  try {
    const measures = await measure(task, settled, evaluationBatches(), meter);
    const budgets = early ? { budgets: await budgetsOf(open, settled) } : {};
    return { measures, byClass: meter.byClass?.(), classNames: facts.classNames, ...budgets };
  } finally {
    settled.release();
  }
}

function samplesOf(data: RunData['data']): string {
  const { samples } = data.test;
  return testSet(data) === 'test'
    ? `${count(samples)} test samples`
    : `${count(samples)} validation samples; there are no test images`;
}

/** Parameters that are alive, of all that were trained; then what the file stores and computes, zeros and all. */
function sizes({ network }: TrainedNetwork, { plan, compaction }: NetworkFacts): Measured['lines'] {
  const { total } = countParameters(network);
  const before = compaction?.totalParams ?? total;
  const alive = plan === undefined ? before : plan.totalParams - plan.removedParams;
  return [
    ['parameters', changed(alive, plan?.totalParams ?? before)],
    ['stored', changed(total, before)],
    ['MACs', changed(countMacs(network), compaction?.totalMacs ?? countMacs(network))],
  ];
}

function refuseOtherClasses({ classNames }: NetworkFacts, found: readonly string[], where: string): void {
  if (classNames.join() === found.join()) return;
  throw new MaNetError(
    'network-mismatch',
    `The network tells ${classNames.join(', ')} apart; the data hold ${found.join(', ')}.`,
    { where, hint: 'pass the folder of the data it was trained on with --data.' },
  );
}
