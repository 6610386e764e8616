// Networks of genotypes are networks like any other: modulated, pruned in whole units, compacted, written as ONNX.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu } from '@ma-net/backend-cpu';
import { exportOnnx, runOnnx } from '@ma-net/backend-onnx';
import { countParams, type Network, type Params, Rng, startBackend } from '@ma-net/core';
import { auxiliary } from '@ma-net/baselines';
import { maNet } from '@ma-net/method-ma-net';
import {
  applyCompaction,
  createMNet,
  decideOn,
  gatesOf,
  livingUnits,
  measured,
  modulate,
  NEURON_LEVEL,
  parameterMeasure,
  planCompaction,
  select,
  unitsOfMasks,
} from '@ma-net/mnet';
import { dartsNetwork, nasBench201Network } from '@ma-net/search';
import { disposeState, fit, initialState, openMethod, type TrainingEvent } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomImages, smallOptions, smallSource, smallTask } from '../test/small-task.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const images = { numClasses: 5, inputShape: [8, 8, 3] } as const;
// Every operation of its space is in one of them.
const normal = [
  ['sep_conv_3x3', 0],
  ['dil_conv_3x3', 1],
  ['skip_connect', 0],
  ['sep_conv_5x5', 2],
  ['max_pool_3x3', 1],
  ['dil_conv_5x5', 3],
  ['avg_pool_3x3', 2],
  ['skip_connect', 4],
];
const reduce = normal.map(([op], i) => [op, i % 2]);
const arch = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|';
const networks: Readonly<Record<string, Network>> = {
  DARTS: dartsNetwork(
    'darts',
    { genotype: { normal, reduce }, channels: 4, layers: 3, dropPath: 0.2, auxiliary: false },
    images,
  ),
  'NAS-Bench-201': nasBench201Network('bench', { genotype: arch, channels: 4, cells: 1 }, images),
};
const mnet = { astrocytes: 2, cells: 1, hidden: 8, rank: 2, bins: 2, heads: 2 } as const;

describe.each(Object.keys(networks))('a network of %s', (name) => {
  const network = networks[name]!;
  const outputs = (net: Network, w: Params, s: Params): tf.Tensor =>
    net.forward(w, s, { images: randomImages(network, 4, 1) }, { training: false }).outputs['logits']!;
  const apart = async (a: tf.Tensor, b: tf.Tensor): Promise<number> =>
    (await tf.div(tf.max(tf.abs(tf.sub(a, b))), tf.max(tf.abs(a))).data())[0]!;

  test('is modulated: without competition it computes what it did', async () => {
    const { params, stats } = network.init(Rng.fromSeed(1));
    const kernels = select(network, { stem: true, outputs: true });
    const net = createMNet(kernels, mnet);
    const now = net.descriptors(params);
    const { q } = net.modulations(net.init(Rng.fromSeed(2)), {
      descriptors: now,
      previous: now,
      state: net.restState(),
      competition: tf.scalar(0),
    });
    const whole = Object.fromEntries(kernels.map((k) => [k.param, tf.ones([k.preNeurons, k.postNeurons])]));
    const modulated = modulate(params, gatesOf(q, whole), kernels, 'constant-kernel');
    expect(Object.keys(modulated)).toHaveLength(network.kernels.length);
    expect(
      await apart(outputs(network, params, stats), outputs(network, { ...params, ...modulated }, stats)),
    ).toBeLessThan(1e-5);
  });

  test('learns, loses half of what it stores in whole units, and computes the same in every form', async () => {
    const method = maNet({
      select: { outputs: true },
      prune: { ...NEURON_LEVEL, floor: { part: 0, units: 1 } },
      plainRounds: 1,
      astrocyteIterations: 1,
      maskEvery: 'iteration',
      refresh: 1,
      ramp: 0.3,
      mnet,
    });
    const options = smallOptions(12);
    const { task, training } = openMethod(method, smallTask(network), { batchesPerEpoch: 1 }, options);
    const state = initialState(task, training, options.seed);
    const losses: number[] = [];
    const listen = (event: TrainingEvent): void => void (event.type === 'step' && losses.push(event.loss));
    await fit({ task, training, options, source: smallSource(network, 1), state, listen });
    expect(losses.every(Number.isFinite)).toBe(true);

    const { stats } = state.sections;
    const { masks, weights } = (await training.removal!(state.sections))!;
    const plan = planCompaction(network, masks);
    const small = applyCompaction(network, weights(), stats, plan);
    const before = outputs(network, training.weights(state.sections), stats);
    const after = outputs(small.network, small.params, small.stats);
    expect(await apart(before, after)).toBeLessThan(1e-5);
    const { groups } = decideOn(network);
    const alive = livingUnits(unitsOfMasks(groups, masks));
    expect(countParams(small.params)).toBe(measured(parameterMeasure(network, groups), alive));
    expect(countParams(small.params)).toBeLessThanOrEqual(0.5 * plan.totalParams);

    const path = join(mkdtempSync(join(tmpdir(), 'ma-net-searched-')), 'network.onnx');
    writeFileSync(
      path,
      await exportOnnx(
        (given) => ({
          logits: small.network.forward(small.params, small.stats, given as Params, { training: false })
            .outputs['logits']!,
        }),
        { inputs: { images: { shape: ['batch', 8, 8, 3] } }, parameters: small.params },
      ),
    );
    const x = randomImages(network, 4, 1);
    const found = await runOnnx(path, {
      images: { data: Float32Array.from(await x.data()), shape: x.shape },
    });
    const { data, shape } = found['logits']!;
    expect(await apart(after, tf.tensor(Float32Array.from(data), [...shape]))).toBeLessThan(1e-5);
    disposeState(state);
  });
});

test('the second classifier of a DARTS network trains along, and is no part of what is evaluated', async () => {
  // 410,890 parameters, as in the authors' code: most of them in its convolution of 2 x 2.
  const network = dartsNetwork(
    'darts',
    { genotype: 'DARTS_V2', channels: 4, layers: 5, auxiliary: true },
    { numClasses: 10, inputShape: [32, 32, 3] },
  );
  const options = smallOptions(2);
  const { task, training } = openMethod(auxiliary(), smallTask(network), { batchesPerEpoch: 1 }, options);
  const state = initialState(task, training, 1);
  const branches = state.sections['branches']!;
  expect(countParams(branches)).toBe(410_890);
  expect(countParams(state.sections.params)).toBe(11_554);
  const name = 'auxiliary_head.classifier.weight';
  const before = (await branches[name]!.data()).slice();
  const events: TrainingEvent[] = [];
  const source = smallSource(network, 1);
  await fit({ task, training, options, source, state, listen: (event) => void events.push(event) });
  expect(await state.sections['branches']![name]!.data()).not.toEqual(before);
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []));
  expect(steps).toHaveLength(2);
  for (const { loss, terms } of steps)
    expect(loss).toBeCloseTo(terms['data']! + 0.4 * terms['auxiliary']!, 4);
  const evaluated = training.weights(state.sections);
  expect(countParams(evaluated)).toBe(11_554);
  expect(task.network.outputs.map((output) => output.name)).toEqual(['logits']);
  tf.dispose(evaluated as tf.TensorContainerObject);
  disposeState(state);
});
