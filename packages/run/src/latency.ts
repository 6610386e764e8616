// What a forward pass takes on this machine, and rules that ask for a time.

import {
  type Batch,
  type Installed,
  MaNetError,
  type ModulatedKernel,
  type Network,
  Rng,
  type RunningBackend,
  sync,
} from '@ma-net/core';
import {
  decideOn,
  describeRule,
  letsUnitsGo,
  measureLatency,
  type PruneRule,
  pruneRule,
  select,
  type Selection,
  type Stopwatch,
  type TimeRule,
} from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { type Recipe, resolveParts } from './recipe.ts';

/** Passes that are not counted: a backend may compile, and plan its memory. */
const WARM_UP = 2;
const LEAST_PASSES = 5;
const MOST_PASSES = 60;
/** Passes are repeated until they have taken so long together. */
const ENOUGH_MS = 40;

/** Times forward passes over `batchSize` inputs on a backend that runs. */
export function stopwatch(backend: RunningBackend, batchSize: number): Stopwatch {
  return {
    backend: backend.name,
    device: backend.device,
    computing: backend.facts(),
    batchSize,
    time: (network) => millisecondsPerImage(network, batchSize),
  };
}

/**
 * The fastest of some forward passes over a batch of random inputs, with fresh weights; per image. Whatever else the
 * machine does only adds to it.
 */
export async function millisecondsPerImage(network: Network, batchSize: number): Promise<number> {
  return (await millisecondsInTurn([network], batchSize))[0]!;
}

/** The same of several networks, a pass of each in turn: what else the machine does meets all of them. */
export async function millisecondsInTurn(
  networks: readonly Network[],
  batchSize: number,
): Promise<readonly number[]> {
  const passes = networks.map((network) => passOf(network, batchSize));
  await sync();
  const times: number[][] = networks.map(() => []);
  for (let pass = 0; !times.every(enough); pass++) {
    for (const [n, { run }] of passes.entries()) {
      const took = await run();
      if (pass >= WARM_UP) times[n]!.push(took);
    }
  }
  for (const { dispose } of passes) dispose();
  return times.map((own) => Math.min(...own) / batchSize);
}

/** A forward pass over random inputs, which tells how long it took. */
function passOf(
  network: Network,
  batchSize: number,
): { readonly run: () => Promise<number>; readonly dispose: () => void } {
  const rng = Rng.fromSeed(0);
  const { params, stats } = network.init(rng.split('weights'));
  const inputs = Object.fromEntries(
    network.inputs.map(({ name, shape }) => {
      const size = [batchSize, ...shape];
      return [
        name,
        tf.tensor(
          rng.split(name).normals(
            size.reduce((a, b) => a * b, 1),
            1,
          ),
          size,
        ),
      ];
    }),
  );
  const run = async (): Promise<number> => {
    const started = performance.now();
    const outputs = tf.tidy(
      () => network.forward(params, stats, inputs, { training: false }).outputs as tf.TensorContainerObject,
    );
    await sync();
    const took = performance.now() - started;
    tf.dispose(outputs);
    return took;
  };
  return { run, dispose: () => tf.dispose([params, stats, inputs] as unknown as tf.TensorContainer) };
}

function enough(times: readonly number[]): boolean {
  const total = times.reduce((sum, time) => sum + time, 0);
  return times.length >= MOST_PASSES || (times.length >= LEAST_PASSES && total >= ENOUGH_MS);
}

/**
 * A rule that asks for milliseconds, with the times of this machine; other rules, and those that have times already, as
 * they are. `kernels`: the modulated ones. Throws `bad-argument` for a time that cannot be reached, saying which can.
 */
export async function measuredRule(
  rule: PruneRule,
  network: Network,
  kernels: readonly ModulatedKernel[],
  watch: Stopwatch,
): Promise<PruneRule> {
  if (!asksForTime(rule)) return rule;
  const measured = { ...rule, table: rule.table ?? (await measureLatency(network, watch)) };
  const why = decideOn(network, kernels).unreachable(measured);
  if (why === undefined) return measured;
  throw new MaNetError('bad-argument', `${describeRule(measured)}, but ${why}.`, {
    where: `${measured.table.backend}, batches of ${measured.table.batchSize}`,
    hint: 'ask for more milliseconds, lower the floors, or let more kernels be modulated.',
  });
}

/**
 * A recipe whose method asks for milliseconds, with the times of this machine in its rule; other recipes as they are.
 * `start` starts the backend, and is called where something has to be measured.
 */
export async function measuredRecipe<B extends Batch>(
  recipe: Recipe<B>,
  installed: Installed,
  start: () => Promise<RunningBackend>,
): Promise<Recipe<B>> {
  const rule = pruneRule.safeParse(recipe.method['prune']).data;
  if (rule === undefined || !asksForTime(rule) || rule.table !== undefined) return recipe;
  const backend = await start();
  const parts = await resolveParts(recipe, installed);
  const [{ facts }, build] = [await parts.data.open(), await parts.network.open()];
  const network = await build(facts, { fresh: false });
  const kernels = select(network, recipe.method['select'] as Selection | undefined);
  const prune = await measuredRule(rule, network, kernels, stopwatch(backend, recipe.batchSize));
  return { ...recipe, method: { ...recipe.method, prune } };
}

function asksForTime(rule: PruneRule): rule is TimeRule {
  return letsUnitsGo(rule) && rule.mode === 'target' && rule.cost === 'latency';
}
