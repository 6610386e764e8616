// Networks that got smaller by neuron level: trained for a few mini-batches while units go, compacted, held to the
// outputs of the masked network on every image of the folder, and timed against the dense network, in turn.
//
//   node tools/bench/run.mjs shrunk <folder of images> [part] [params | macs | both] [side] [network ...]
//
// Weights are random, and training sees images of `side` pixels, 224 unless given: what counts is the shape that the mode
// leaves. Times are at 224.

import { onnx } from '@ma-net/backend-onnx';
import { type Masks, type Network, type Params, Rng, startBackend, sync } from '@ma-net/core';
import { photoData, readPhotos } from '@ma-net/data/node';
import { maNet } from '@ma-net/method-ma-net';
import { applyCompaction, NEURON_LEVEL, planCompaction } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { disposeState, fit, initialState, openMethod } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';

const [folder, partText = '0.5', cost = 'params', sideText = '224', ...asked] = process.argv.slice(3);
if (folder === undefined) throw new Error('name a folder of images, one folder a class');
const names = asked.length > 0 ? asked : ['resnet18', 'resnet50', 'densenet121', 'vit-b16'];
const rule = { ...NEURON_LEVEL, remove: Number(partText), cost: cost as 'params' | 'macs' | 'both' };

const side = Number(sideText);

/** Images of a mini-batch in training, where only the shape counts. */
const TRAINED = 4;
/** Images that are timed together. */
const TIMED = 4;
const MINI_BATCHES = 24;
/** Pairs of passes that are timed, after two that warm up. */
const PAIRS = 7;

interface Weighted {
  readonly network: Network;
  readonly params: Params;
  readonly stats: Params;
}

const sets = await readPhotos(folder);
const data = await photoData({ ...sets, test: sets.train }, { size: side, workers: 0 });
const { device } = await startBackend(onnx);
console.log(
  `onnx (${device}): ${100 * rule.remove} % of ${cost} removed in ${MINI_BATCHES} mini-batches of ${side} pixels; ${data.test.samples} images checked, ${TIMED} timed at once`,
);
console.log(
  row(
    'network',
    'parameters',
    'MACs',
    'ms dense',
    'ms compacted',
    'faster',
    'processor',
    'difference',
    'same top 1',
  ),
);
for (const name of names) await measure(name);

async function measure(name: string): Promise<void> {
  const classes = { numClasses: sets.classNames.length };
  const { masked, small, masks } = await trained(
    await createTNet(name, side === 224 ? classes : { ...classes, inputShape: [side, side, 3] }),
  );
  const { difference, same } = await compared(masked, small);
  tf.dispose([masked.params, masked.stats, small.params, small.stats] as tf.TensorContainer);
  const dense = await fresh(await createTNet(name, classes));
  const { network, params, stats } = dense;
  const compacted = applyCompaction(network, params, stats, planCompaction(network, masks));
  const [before, after] = await times(dense, compacted);
  const change = (of: (network: Network) => number): string =>
    `${(of(network) / 1e6).toFixed(1)} -> ${(of(compacted.network) / 1e6).toFixed(1)} M`;
  console.log(
    row(
      name,
      change(sizeOf),
      change(macsOf),
      before.wall.toFixed(1),
      after.wall.toFixed(1),
      `x${(before.wall / after.wall).toFixed(2)}`,
      `x${(before.processor / after.processor).toFixed(2)}`,
      difference.toExponential(1),
      `${same} of ${data.test.samples}`,
    ),
  );
  tf.dispose([params, stats, compacted.params, compacted.stats] as tf.TensorContainer);
}

async function fresh(network: Network): Promise<Weighted> {
  return { network, ...network.init(Rng.fromSeed(1)) };
}

/** The network as its gates and masks leave it, and without what is dead. */
async function trained(network: Network): Promise<{ masked: Weighted; small: Weighted; masks: Masks }> {
  const options = {
    seed: 0,
    budget: MINI_BATCHES,
    optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 1e-4 },
    learningRate: 0.01,
    schedule: { name: 'constant', warmup: 0 },
  } as const;
  // Rounds of a few mini-batches in place of epochs.
  const source = {
    ...(await data.open({ batchSize: TRAINED, rng: Rng.fromSeed(0) })),
    batchesPerEpoch: 4,
  };
  const method = maNet({
    prune: rule,
    select: { outputs: true },
    plainRounds: 1,
    astrocyteIterations: 2,
    maskEvery: 'iteration',
    refresh: 2,
    ramp: 0.4,
    freeze: 0.6,
  });
  const { task, training } = openMethod(method, classification(network), source, options);
  for (const warning of training.warnings ?? []) console.log(warning);
  const state = initialState(task, training, options.seed);
  await fit({ task, training, options, source, state, listen: () => undefined });
  await source.close();
  const { masks, weights } = (await training.removal!(state.sections))!;
  const { stats } = state.sections;
  const params = weights();
  const small = applyCompaction(network, params, stats, planCompaction(network, masks));
  const kept = tf.tidy(() => Object.fromEntries(Object.entries(stats).map(([n, t]) => [n, t.clone()])));
  disposeState(state);
  return { masked: { network, params, stats: kept }, small, masks };
}

/** The largest difference of outputs on any image, relative to the largest output; and how often both name one class. */
async function compared(masked: Weighted, small: Weighted): Promise<{ difference: number; same: number }> {
  let [apart, most, same] = [0, 0, 0];
  for await (const batch of data.testBatches(TRAINED)) {
    const { images_BHWC, labels_B } = batch;
    const [before, after] = [logitsOf(masked, images_BHWC), logitsOf(small, images_BHWC)];
    const [a, b, labels] = await Promise.all([before.data(), after.data(), labels_B.data()]);
    const classes = a.length / labels.length;
    labels.forEach((label, i) => {
      if (label < 0) return;
      const of = (all: ArrayLike<number>): number[] => Array.from(all).slice(i * classes, (i + 1) * classes);
      const [own, theirs] = [of(a), of(b)];
      apart = Math.max(apart, ...own.map((value, c) => Math.abs(value - theirs[c]!)));
      most = Math.max(most, ...own.map(Math.abs));
      same += Number(own.indexOf(Math.max(...own)) === theirs.indexOf(Math.max(...theirs)));
    });
    tf.dispose([before, after, images_BHWC, labels_B]);
  }
  return { difference: apart / most, same };
}

interface Times {
  /** Milliseconds an image, of the fastest pass: whatever else the machine does only adds to it. */
  readonly wall: number;
  /** Milliseconds of processor time an image, the median: on one thread, other programs hardly change it. */
  readonly processor: number;
}

/** Times of forward passes, dense and compacted in turn. */
async function times(dense: Weighted, compacted: Weighted): Promise<readonly [Times, Times]> {
  const shape = [TIMED, ...dense.network.inputs[0]!.shape];
  const size = shape.reduce((a, b) => a * b);
  const images = tf.tensor(Rng.fromSeed(1).normals(size, 1), shape);
  await sync();
  const taken = [dense, compacted].map((weighted) => ({
    weighted,
    wall: [] as number[],
    processor: [] as number[],
  }));
  for (let pair = -2; pair < PAIRS; pair++) {
    for (const { weighted, wall, processor } of taken) {
      const [started, used] = [performance.now(), process.cpuUsage()];
      const logits = logitsOf(weighted, images);
      await logits.data();
      const { user, system } = process.cpuUsage(used);
      const took = performance.now() - started;
      logits.dispose();
      if (pair < 0) continue;
      wall.push(took / TIMED);
      processor.push((user + system) / 1000 / TIMED);
    }
  }
  images.dispose();
  const [first, second] = taken.map(
    ({ wall, processor }): Times => ({
      wall: Math.min(...wall),
      processor: processor.toSorted((a, b) => a - b)[PAIRS >> 1]!,
    }),
  );
  return [first!, second!];
}

function logitsOf({ network, params, stats }: Weighted, images: tf.Tensor): tf.Tensor {
  return tf.tidy(() => network.forward(params, stats, { images }, { training: false }).outputs['logits']!);
}

function sizeOf({ parameters }: Network): number {
  return parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

function macsOf({ parameters, activationMacs }: Network): number {
  return parameters.reduce(
    (sum, p) => sum + p.positions * p.shape.reduce((a, b) => a * b, 1),
    activationMacs,
  );
}

function row(name: string, ...cells: readonly string[]): string {
  return name.padEnd(14) + cells.map((cell) => cell.padStart(19)).join('');
}
