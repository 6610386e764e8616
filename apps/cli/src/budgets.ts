// What a network with exits reaches under budgets: thresholds from images that are held out, accuracy and cost on the test images.

import {
  type Batch,
  evaluate,
  MaNetError,
  type Meter,
  type Network,
  type Params,
  type Task,
} from '@ma-net/core';
import { type AtBudget, budgetCurve, countMacs, type ExitScores, exitScores } from '@ma-net/metrics';
import type { RunData } from '@ma-net/run/node';
import { count } from './quantities.ts';
import { table } from './table.ts';

interface Trained {
  /** The task's, or the same one settled. */
  readonly network?: Network;
  readonly params: Params;
  readonly stats: Params;
}

/** Accuracy against multiply-accumulates. Throws `bad-argument` for a network of one exit, and where nothing is held out. */
export async function budgetsOf<B extends Batch>(
  {
    task,
    evaluationBatches,
    validationBatches,
  }: { readonly task: Task<B> } & Pick<RunData<B>, 'evaluationBatches' | 'validationBatches'>,
  trained: Trained,
): Promise<readonly AtBudget[]> {
  const names = task.network.outputs.flatMap(({ name }) => (/^exit\d+$/.test(name) ? [name] : []));
  if (names.length < 2) {
    throw new MaNetError('bad-argument', `${task.network.name} has no exits to leave at.`, {
      where: '--budgets',
      hint: 'leave it out; networks with exits are called msdnet-...',
    });
  }
  if (validationBatches === undefined) {
    throw new MaNetError('bad-argument', 'No images are held out that thresholds could be found on.', {
      where: '--budgets',
      hint: 'train with data.validation=0.1, for one.',
    });
  }
  const [validation, test] = [
    await scoresOn(task, trained, validationBatches()),
    await scoresOn(task, trained, evaluationBatches()),
  ];
  return budgetCurve(validation, test, exitCosts(task.network, names));
}

/** Multiply-accumulates up to each exit, with all that it needs. */
const exitCosts = (network: Network, names: readonly string[]): readonly number[] =>
  names.map((name) => countMacs(network.withOutputs([name])));

async function scoresOn<B extends Batch>(
  task: Task<B>,
  trained: Trained,
  batches: AsyncIterable<B> | Iterable<B>,
): Promise<ExitScores> {
  const logits: Float32Array[][] = [];
  const labels: number[] = [];
  const collector: Meter<unknown> = {
    add(predictions, { labels_B }) {
      for (const [b, prediction] of predictions.entries()) {
        const { exits = [] } = prediction as { readonly exits?: readonly Float32Array[] };
        for (const [e, row] of exits.entries()) (logits[e] ??= []).push(row);
        labels.push(labels_B!.data[b]!);
      }
    },
    result: () => ({}),
  };
  await evaluate(task, trained, batches, collector);
  return exitScores(logits, labels);
}

/** A row for every budget whose cost is another than that of the row before. */
export function budgetTable(rows: readonly AtBudget[], width: number): readonly string[] {
  const told = rows.filter(({ cost }, i) => i === 0 || cost !== rows[i - 1]!.cost);
  const exits = rows[0]!.counts.map((_, e) => `exit ${e + 1}`);
  return table(
    ['MACs', 'top1', ...exits],
    told.map(({ cost, accuracy, counts }) => [
      count(Math.round(cost)),
      `${(100 * accuracy).toFixed(2)} %`,
      ...counts.map(String),
    ]),
    width,
  );
}
