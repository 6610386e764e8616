// One training, from its settings to a compacted network. It knows neither page nor worker, and runs anywhere.

import { evaluate, type Network, Rng, type Sections, sync } from '@ma-net/core';
import { type ImageBatch, imageData, parseDigits, type ReadOptions } from '@ma-net/data';
import { encodeNetwork, encodeOnnx, type NetworkFacts, type TrainedNetwork } from '@ma-net/export';
import { defaultMaNet, maNet } from '@ma-net/method-ma-net';
import { applyCompaction, NEURON_LEVEL, planCompaction, planOfMasks, type PruneRule } from '@ma-net/mnet';
import { countMacs } from '@ma-net/metrics';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import { disposeState, fit, initialState, openMethod, type TrainingOptions } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import type { Outcome, Progress, Settings, Size, Strengths } from './messages.ts';

const BATCH = 64;
const TEST_BATCH = 100;
const NAME = 'resnet8-digits';

/** Digits as a run draws from them. */
export type Digits = Awaited<ReturnType<typeof openDigits>>;

/** The embedded digits, from the bytes of `digits.bin`. */
export async function openDigits(bytes: Uint8Array, options: ReadOptions = {}) {
  const splits = await parseDigits(bytes, options);
  return { splits, data: await imageData(splits, { augment: { padCrop: 1 } }) };
}

/** The network that is trained. */
export const digitsNetwork = (): Promise<Network> =>
  createTNet(NAME, { numClasses: 10, inputShape: [8, 8, 1] });

/** What is to go. */
export function ruleOf({ unit, remove }: Pick<Settings, 'unit' | 'remove'>): PruneRule {
  return unit === 'channels' ? { ...NEURON_LEVEL, remove } : { mode: 'target', removeModulated: remove };
}

export interface Watching {
  /** Told of everything, in order; a promise holds the training up. */
  readonly listen: (progress: Progress) => void | Promise<void>;
  /** Milliseconds between two looks at the connections. */
  readonly every: number;
  readonly signal: AbortSignal;
}

/** What a training ended with; the caller disposes the network's tensors. */
export interface Trained {
  readonly outcome: Outcome;
  readonly network: TrainedNetwork;
  readonly facts: NetworkFacts;
}

/** Trains, prunes and compacts on the backend that runs; undefined where it was stopped. */
export async function train(
  digits: Digits,
  settings: Settings,
  { listen, every, signal }: Watching,
): Promise<Trained | undefined> {
  const { seed, epochs } = settings;
  const { data } = digits;
  const network = await digitsNetwork();
  const rule = ruleOf(settings);
  const source = await data.open({ batchSize: BATCH, rng: Rng.fromSeed(seed).split('data') });
  const options: TrainingOptions = {
    seed,
    budget: epochs * source.batchesPerEpoch,
    learningRate: 0.1,
    schedule: { name: 'cosine', warmup: 0 },
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 2e-3 },
  };
  // With the classifier among the connections, the last stage can lose channels as well.
  const select = { ...defaultMaNet.select, outputs: true };
  const method = maNet({ ...defaultMaNet, select, prune: rule });
  const { task, training } = openMethod(method, classification(network), source, options);
  const state = initialState(task, training, seed);
  const look = strengthsOf(every, listen);
  try {
    await fit({
      ...{ task, training, options, source, state, signal },
      evaluationBatches: () => data.testBatches(TEST_BATCH),
      listen: async (event) => {
        if (event.type === 'start')
          await listen({ type: 'start', budget: event.budget, warnings: event.warnings });
        if (event.type === 'masks') {
          await listen(event);
          await look(state.sections, true);
        }
        if (event.type === 'evaluation')
          await listen({ type: 'accuracy', step: event.step, top1: event.measures['top1']! });
        if (event.type !== 'step') return;
        const { step, loss, seconds, round } = event;
        await look(state.sections);
        await listen({ type: 'step', step, phase: round.kind, loss, seconds });
      },
    });
    if (signal.aborted) return undefined;
    const removal = await training.removal?.(state.sections);
    const { stats } = state.sections;
    const facts: NetworkFacts = { network: zoo({ name: NAME }), ...data.facts };
    const masked: TrainedNetwork = { network, params: training.weights(state.sections), stats };
    const masks = removal?.masks ?? {};
    const compaction = planCompaction(network, masks);
    const plan = removal === undefined ? {} : { plan: planOfMasks(network, masks, rule) };
    const small = applyCompaction(network, masked.params, stats, compaction);
    const kept = { ...facts, ...plan, compaction };
    const outcome = {
      before: await sizeOf(masked, facts, digits),
      after: await sizeOf(small, kept, digits),
      difference: await largestDifference(masked, small, digits),
      cuts: compaction.cuts.map(({ group, keep, of }) => ({ group, kept: keep.length, of })),
    };
    tf.dispose(masked.params as tf.TensorContainerObject);
    return { outcome, network: small, facts: kept };
  } finally {
    await source.close();
    disposeState(state);
    training.dispose?.();
  }
}

/** The file of a trained network. */
export function fileOf({ network, facts }: Trained, format: 'safetensors' | 'onnx'): Promise<Uint8Array> {
  return format === 'onnx' ? encodeOnnx(network, facts, { pixels: true }) : encodeNetwork(network, facts);
}

/** Frees what a training ended with. */
export const disposeTrained = ({ network: { params, stats } }: Trained): void =>
  tf.dispose([params, stats] as tf.TensorContainer);

/** The logits of digits [N, 8, 8, 1]. */
export async function logitsOf(
  { network, params, stats }: TrainedNetwork,
  pixels: Float32Array,
): Promise<Float32Array> {
  const logits = tf.tidy(() => {
    const images = tf.tensor4d(pixels, [pixels.length / 64, 8, 8, 1]);
    return network.forward(params, stats, { images }, { training: false }).outputs['logits']!;
  });
  await sync();
  const values = (await logits.data()) as Float32Array;
  logits.dispose();
  return values;
}

async function sizeOf(network: TrainedNetwork, facts: NetworkFacts, { data }: Digits): Promise<Size> {
  const task = classification(network.network);
  const { top1 } = await evaluate<ImageBatch>(task, network, data.testBatches(TEST_BATCH));
  return {
    parameters: network.network.parameters.reduce(
      (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    ),
    bytes: (await encodeNetwork(network, facts)).length,
    macs: countMacs(network.network),
    top1: top1!,
  };
}

async function largestDifference(
  a: TrainedNetwork,
  b: TrainedNetwork,
  { splits: { test } }: Digits,
): Promise<number> {
  const pixels = Float32Array.from(test.images, (level) => level / test.white);
  let largest = 0;
  for (let at = 0; at < pixels.length; at += TEST_BATCH * 64) {
    const part = pixels.slice(at, at + TEST_BATCH * 64);
    const [x, y] = [await logitsOf(a, part), await logitsOf(b, part)];
    x.forEach((value, k) => (largest = Math.max(largest, Math.abs(value - y[k]!))));
  }
  return largest;
}

/**
 * Reads gates and masks back where they changed, and not more often than every so many milliseconds, unless it is to be
 * now. A connection is open as far as its gate is, and closed from the decision on that says so.
 */
function strengthsOf(every: number, listen: Watching['listen']) {
  let last = -Infinity;
  let seen: readonly (tf.Tensor | undefined)[] = [];
  return async ({ gates = {}, masks = {} }: Sections, now = false): Promise<void> => {
    const held = [gates, masks].map((section) => Object.values(section)[0]);
    if (held.every((tensor, i) => tensor === seen[i])) return;
    if (!now && performance.now() - last < every) return;
    [seen, last] = [held, performance.now()];
    const strengths: Record<string, Float32Array> = {};
    for (const [param, mask] of Object.entries(masks)) {
      const [alive, open] = [await mask.data(), await gates[param]?.data()];
      strengths[param] = Float32Array.from(alive, (value, i) => value * (open?.[i] ?? 1));
    }
    await listen({ type: 'strengths', strengths: strengths satisfies Strengths });
  };
}
