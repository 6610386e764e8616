// What a comparison measures of a trained run: how good the network is that is left, and what it costs.

import { statSync } from 'node:fs';
import { type Batch, evaluate } from '@ma-net/core';
import { saveNetwork, type TrainedNetwork } from '@ma-net/export/node';
import {
  countMacs,
  countParameters,
  pairedDifferences,
  type PairedSummary,
  summarise,
  type Summary,
} from '@ma-net/metrics';
import type { TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { networkFacts } from './facts.ts';
import { millisecondsInTurn } from './latency.ts';
import type { OpenRun } from './open.ts';
import { testMeasures } from './predictions.ts';
import { decide, prepare } from './prepared-network.ts';
import type { Recipe } from './recipe.ts';
import { differenceOf } from './same-outputs.ts';

/** A run of a comparison. */
export interface ComparedRun {
  /** The method's short name. */
  readonly method: string;
  readonly seed: number;
  /** Its run directory; what is left of its network is beside it, as a file. */
  readonly path: string;
  readonly recipe: Recipe;
}

const measures = z.record(z.string(), z.number());

/** What is kept of a run that is trained. Numbers are those of the network that is left, compacted. */
export const resultSchema = z.strictObject({
  method: z.string(),
  seed: z.int(),
  /** Mini-batches before the state that was measured. */
  step: z.int(),
  /** The measure that runs are compared by. */
  headline: z.string(),
  better: z.enum(['larger', 'smaller']),
  test: measures,
  /** Absent where no part of the training set was held out. */
  validation: measures.exactOptional(),
  parameters: z.number(),
  /** Multiply-accumulates per sample. */
  macs: z.number(),
  /** Of its file of weights. */
  bytes: z.number(),
  /** Per sample, of the network as it was trained and of what is left of it. */
  milliseconds: z.strictObject({ dense: z.number(), compacted: z.number() }),
  /** Of its training, mini-batch by mini-batch; absent in older results. */
  seconds: z.number().exactOptional(),
  /** Largest difference of the compacted network's outputs to those of the trained one, relative to the largest. */
  difference: z.number(),
});

export type RunResult = Readonly<z.output<typeof resultSchema>>;

/** Prunes and compacts what a run has trained, writes it to `<run>.safetensors`, and measures it. */
export async function resultOf<B extends Batch>(
  { method, seed, path }: ComparedRun,
  open: OpenRun<B>,
  state: TrainingState,
): Promise<RunResult> {
  const { network, task, training, recipe } = open;
  const small = await prepare(open, state, await decide(open, state, { dense: false }), {
    again: false,
    open: async () => open,
  });
  const params = training.weights(state.sections);
  const difference = await differenceOf({ network, params, stats: state.sections.stats }, small, open);
  tf.dispose(params as tf.TensorContainerObject);
  const test = await testMeasures(small, open);
  const validation = await validationOf(small, open);
  const [dense, compacted] = await millisecondsInTurn([network, small.network], recipe.batchSize);
  const file = `${path}.safetensors`;
  await saveNetwork(file, small, networkFacts(open, {}));
  tf.dispose([small.params, small.stats] as tf.TensorContainer);
  return {
    method,
    seed,
    step: state.step,
    headline: task.headline.measure,
    better: task.headline.better,
    test,
    ...(validation === undefined ? {} : { validation }),
    parameters: countParameters(small.network).total,
    macs: countMacs(small.network),
    bytes: statSync(file).size,
    milliseconds: { dense: dense!, compacted: compacted! },
    difference,
  };
}

async function validationOf<B extends Batch>(
  { network, params, stats }: TrainedNetwork,
  { data, taskOn, recipe }: OpenRun<B>,
): Promise<Readonly<Record<string, number>> | undefined> {
  if (data.validationBatches === undefined) return undefined;
  return evaluate(taskOn(network), { params, stats }, data.validationBatches(recipe.batchSize));
}

/** The runs of one method. */
export interface MethodSummary {
  readonly method: string;
  readonly test: Summary;
  readonly validation?: Summary;
  readonly parameters: Summary;
  readonly macs: Summary;
  readonly bytes: Summary;
  readonly dense: Summary;
  readonly compacted: Summary;
  /** Seconds of training; absent where some results are older. */
  readonly seconds?: Summary;
  /** Its test measure minus that of each method before it, by name, over the seeds that both have. */
  readonly differences: Readonly<Record<string, PairedSummary>>;
}

/** Summaries of the methods that have results, in the order of their first ones. */
export function summariesOf(results: readonly RunResult[]): MethodSummary[] {
  const methods = [...new Set(results.map(({ method }) => method))];
  const headline = ({ test, headline: name }: RunResult): number => test[name]!;
  return methods.map((method, m) => {
    const runs = results.filter((result) => result.method === method);
    const over = (value: (result: RunResult) => number): Summary => summarise(runs.map(value));
    const times = runs.flatMap(({ seconds }) => seconds ?? []);
    const held = runs.flatMap(({ validation, headline: name }) => validation?.[name] ?? []);
    const differences = methods.slice(0, m).flatMap((other) => {
      const pairs = runs.flatMap((run) => {
        const partner = results.find((result) => result.method === other && result.seed === run.seed);
        return partner === undefined ? [] : [[headline(run), headline(partner)] as const];
      });
      if (pairs.length === 0) return [];
      return [
        [
          other,
          pairedDifferences(
            pairs.map(([own]) => own),
            pairs.map(([, theirs]) => theirs),
          ),
        ] as const,
      ];
    });
    return {
      method,
      test: over(headline),
      ...(held.length === 0 ? {} : { validation: summarise(held) }),
      parameters: over(({ parameters }) => parameters),
      macs: over(({ macs }) => macs),
      bytes: over(({ bytes }) => bytes),
      dense: over(({ milliseconds }) => milliseconds.dense),
      compacted: over(({ milliseconds }) => milliseconds.compacted),
      ...(times.length < runs.length ? {} : { seconds: summarise(times) }),
      differences: Object.fromEntries(differences),
    };
  });
}
