// MA-Net on every family: it starts as the identity, trains, and its pruned network computes what it computed.

import { cpu } from '@ma-net/backend-cpu';
import { type Params, Rng, startBackend } from '@ma-net/core';
import { createImageSet, createStream, toTensors } from '@ma-net/data';
import { maNet } from '@ma-net/method-ma-net';
import { applyPlan, createMNet, modulate, planOfMasks, select } from '@ma-net/mnet';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { disposeState, fit, initialState, openMethod } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { imagesFor, variants } from './variants.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const prune = { mode: 'target', removeModulated: 0.5 } as const;
const SMALL = { astrocytes: 2, cells: 2, hidden: 8, rank: 4, bins: 4, heads: 2 };

describe.each(variants)('%s', (name) => {
  test('without competition modulation is the identity', async () => {
    const network = await createTNet(name, { numClasses: 3 });
    const mnet = createMNet(select(network), SMALL);
    const { params, stats } = network.init(Rng.fromSeed(1));
    const descriptors = mnet.descriptors(params);
    const { q } = mnet.modulations(mnet.init(Rng.fromSeed(2)), {
      descriptors,
      previous: descriptors,
      state: mnet.restState(),
      competition: tf.scalar(0),
    });
    const images = imagesFor(network, 2, 3);
    const logits = (weights: Params): Promise<Uint8Array | Int32Array | Float32Array> =>
      network.forward(weights, stats, { images }, { training: false }).outputs['logits']!.data();
    const plain = await logits(params);
    const modulated = await logits({ ...params, ...modulate(params, q, mnet.kernels, 'constant-kernel') });
    modulated.forEach((value, i) => expect(value).toBeCloseTo(plain[i]!, 4));
  });

  test('20 mini-batches of Algorithm 1 have finite losses, and pruned = MA-Net', async () => {
    const { run, network } = await trainingOf(name);
    const state = initialState(run.task, run.training, 5);
    const losses: number[] = [];
    await fit({ ...run, state, listen: (event) => void (event.type === 'step' && losses.push(event.loss)) });
    expect(losses).toHaveLength(20);
    expect(losses.every(Number.isFinite)).toBe(true);

    const { params: trained, stats, gates } = state.sections;
    const removal = await run.training.removal!(state.sections);
    const plan = planOfMasks(network, removal!.masks, prune);
    expect(plan.removedParams).toBeGreaterThan(0);
    const pruned = applyPlan(trained, plan, gates);
    const images = imagesFor(network, 2, 3);
    const of = (params: Params): Promise<Uint8Array | Int32Array | Float32Array> =>
      network.forward(params, stats, { images }, { training: false }).outputs['logits']!.data();
    const [ours, theirs] = [await of(pruned), await of(run.training.weights(state.sections))];
    ours.forEach((value, i) => expect(value).toBeCloseTo(theirs[i]!, 5));
    disposeState(state);
  });
});

/** A run of 20 mini-batches on images of three classes that differ in brightness. */
async function trainingOf(name: string) {
  const network = await createTNet(name, { numClasses: 3 });
  const rng = Rng.fromSeed(7);
  const labels = Int32Array.from({ length: 24 }, () => rng.integer(3));
  const pixels = network.inputs[0]!.shape.reduce((a, b) => a * b);
  const set = await createImageSet({
    name: 'bright',
    images: Uint8Array.from(
      { length: labels.length * pixels },
      (_, i) => 60 * labels[Math.floor(i / pixels)]! + rng.integer(90),
    ),
    labels,
    shape: network.inputs[0]!.shape as [number, number, number],
    classNames: ['dark', 'grey', 'light'],
    white: 255,
    normalisation: { mean: [0.4, 0.4, 0.4], std: [0.2, 0.2, 0.2] },
  });
  const stream = createStream(set, {
    batchSize: 8,
    rng: Rng.fromSeed(1),
    augment: { flip: true, padCrop: 0 },
  });
  const source = {
    batchesPerEpoch: stream.batchesPerEpoch,
    next: async () => toTensors(stream.next()),
    state: () => stream.state(),
    restore: (state: unknown) => stream.restore(state as never),
    close: async () => undefined,
  };
  const options = {
    seed: 5,
    budget: 20,
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
    learningRate: 0.02,
    schedule: { name: 'cosine' },
  } as const;
  const method = maNet({ plainRounds: 1, prune, astrocyteIterations: 2, refresh: 2, mnet: SMALL });
  const run = { ...openMethod(method, classification(network), source, options), source, options };
  return { run, network };
}
