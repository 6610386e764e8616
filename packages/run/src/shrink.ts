// A trained network, smaller: fine-tuned while units go, compacted at its best, checked, and written (Node only).

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checked, MaNetError, parseJson } from '@ma-net/core';
import { makeFolder, writeFileAtomic } from '@ma-net/core/node';
import { saveNetwork, type TrainedNetwork, verify } from '@ma-net/export/node';
import { onnx } from '@ma-net/export/parts';
import { countMacs, countParameters } from '@ma-net/metrics';
import { pruneRule } from '@ma-net/mnet';
import { asUsed, disposeState, type Listener, type TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { bestState } from './best-state.ts';
import type { CompareOptions } from './compare.ts';
import { networkFacts } from './facts.ts';
import { measuredRecipe, millisecondsInTurn } from './latency.ts';
import type { OpenRun } from './open.ts';
import { testMeasures } from './predictions.ts';
import { type Decision, decide, prepare } from './prepared-network.ts';
import type { Recipe } from './recipe.ts';
import { differenceOf } from './same-outputs.ts';
import { openedRun, trainRun } from './train-run.ts';

const worthSchema = z.object({
  parameters: z.number(),
  /** Of its numbers, as float32. */
  bytes: z.number(),
  /** Multiply-accumulates per sample. */
  macs: z.number(),
  /** On the test samples. */
  test: z.record(z.string(), z.number()),
});

/** What a network costs, and how good it is. */
type Known = Readonly<z.output<typeof worthSchema>>;

export interface Worth extends Known {
  /** Per sample, here: of both networks in turn, once the run is over. */
  readonly milliseconds: number;
}

export interface Shrunk {
  /** As it came: where its outputs start afresh, for other classes, its measures say nothing. */
  readonly before: Worth;
  readonly after: Worth;
  /** Mini-batches before its best state, of all. */
  readonly step: number;
  readonly budget: number;
  /** Largest difference between its outputs and those of the gated network, of any test sample, relative to the largest output. */
  readonly difference: number;
  readonly decision: Decision;
  readonly open: OpenRun;
  /** Weights in PyTorch's layout, and a graph that takes pixels. */
  readonly files: { readonly weights: string; readonly graph: string };
}

export type ShrinkOptions = Omit<CompareOptions, 'watch'> & {
  readonly watch?: (open: OpenRun, state: TrainingState) => Promise<Listener>;
};

/**
 * Trains `recipe`, whose method lets units go, and writes what is left of its best state into `out`; undefined where it
 * was stopped, and the same call goes on. Throws `bad-argument` for a target that cannot be reached, saying what can,
 * and `backend-failed` where the small network computes something else than the large one.
 */
export async function shrink(recipe: Recipe, options: ShrinkOptions): Promise<Shrunk | undefined> {
  const { out, installed, backend, signal } = options;
  await makeFolder(out);
  const path = join(out, 'run');
  const asked = withKnownTimes(recipe, path);
  const measured = await measuredRecipe(asked, installed, async () => backend);
  const { open, directory, state } = await openedRun(
    { path, recipe: measured },
    { ...options, refuse: refuseUnreachable },
  );
  try {
    const before = await worthAtStart(open, state, out);
    const keeper = bestState(out, open, { step: state.step, metrics: directory.metrics() });
    const listen = await options.watch?.(open, state);
    const { reason } = await trainRun(open, directory, state, {
      ...(signal === undefined ? {} : { signal }),
      ...(listen === undefined ? {} : { listen }),
      keeper,
    });
    if (reason === 'interrupted') return undefined;
    if (keeper.best() === undefined) return await finish(open, asUsed(state), out, before);
    const best = keeper.load();
    try {
      return await finish(open, asUsed(best), out, before);
    } finally {
      disposeState(best);
    }
  } finally {
    disposeState(state);
    directory.close();
    await open.source.close();
  }
}

async function finish(open: OpenRun, state: TrainingState, out: string, known: Known): Promise<Shrunk> {
  const decision = await decide(open, state, { dense: false });
  const small = await prepare(open, state, decision, { again: false, open: async () => open });
  const params = open.training.weights(state.sections);
  const large = { network: open.network, params, stats: state.sections.stats };
  try {
    const difference = await differenceOf(large, small, open);
    const left = await worthOf(small, open);
    const [dense, compacted] = await millisecondsInTurn([open.network, small.network], open.recipe.batchSize);
    const before = { ...known, milliseconds: dense! };
    const after = { ...left, milliseconds: compacted! };
    const [weights, graph] = [join(out, 'shrunk.safetensors'), join(out, 'shrunk.onnx')];
    const facts = networkFacts(open, decision);
    await saveNetwork(weights, small, facts);
    const format = await onnx.open({});
    await format.write(graph, small, facts, { pixels: true });
    await verify(format, graph, small, open, true);
    const { step } = state;
    const { budget } = open.options;
    return { before, after, step, budget, difference, decision, open, files: { weights, graph } };
  } finally {
    tf.dispose([params, small.params, small.stats] as tf.TensorContainer);
  }
}

/**
 * The network as it came, with the weights that its recipe names: measured before the first mini-batch, and written down,
 * because a run that goes on does not read them again.
 */
async function worthAtStart(open: OpenRun, state: TrainingState, out: string): Promise<Known> {
  const where = join(out, 'before.json');
  const file = {
    what: 'The note',
    where,
    hint: 'choose another folder with --out, and shrink from the beginning.',
  };
  if (state.step > 0) {
    if (existsSync(where)) return checked(worthSchema, parseJson(readFileSync(where), file), file);
    throw new MaNetError('not-found', 'What the network was worth at the start is not known any more.', file);
  }
  const { params, stats } = state.sections;
  const worth = await worthOf({ network: open.network, params, stats }, open);
  await writeFileAtomic(where, `${JSON.stringify(worth)}\n`);
  return worth;
}

async function worthOf(trained: TrainedNetwork, open: OpenRun): Promise<Known> {
  const { network, stats } = trained;
  const parameters = countParameters(network).total;
  const statistics = Object.values(stats).reduce((sum, { size }) => sum + size, 0);
  return {
    parameters,
    bytes: 4 * (parameters + statistics),
    macs: countMacs(network),
    test: await testMeasures(trained, open),
  };
}

/** A run that was begun has its times already; measured again they would be others. */
function withKnownTimes(recipe: Recipe, path: string): Recipe {
  const file = join(path, 'recipe.json');
  const rule = pruneRule.safeParse(recipe.method['prune']).data;
  if (rule === undefined || !('milliseconds' in rule) || !existsSync(file)) return recipe;
  const hint = 'restore the file, or choose another folder with --out.';
  const begun = parseJson(readFileSync(file), {
    what: 'The recipe',
    where: file,
    hint,
  }) as Partial<Recipe> | null;
  const known = pruneRule.safeParse(begun?.method?.['prune']).data;
  if (known === undefined || !('milliseconds' in known) || known.table === undefined) return recipe;
  return { ...recipe, method: { ...recipe.method, prune: { ...rule, table: known.table } } };
}

function refuseUnreachable({ training }: OpenRun): void {
  const [problem] = training.warnings ?? [];
  if (problem === undefined) return;
  throw new MaNetError('bad-argument', problem, {
    where: 'shrink',
    hint: 'ask for what can be reached, or train for more epochs.',
  });
}
