import { cpu } from '@ma-net/backend-cpu';
import { countParams, crossEntropy, type Network, Rng, startBackend, type Task } from '@ma-net/core';
import { leastCost, looseGroups, measured, NEURON_LEVEL, parameterMeasure } from '@ma-net/mnet';
import { createTNet, tnetNames } from '@ma-net/tnet';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { slim } from './slim.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

type Images = { readonly images: tf.Tensor; readonly labels: tf.Tensor };
const taskOn = (network: Network): Task<Images> => ({
  name: 'small',
  network,
  headline: { measure: 'loss', better: 'smaller' },
  inputs: ({ images }) => ({ images }),
  loss: ({ logits }, { labels }) => ({
    loss: crossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D),
  }),
  decode: () => [],
  meter: () => ({ add: () => undefined, result: () => ({}) }),
});

describe.each(tnetNames.filter((name) => name.endsWith('-test')))('%s', (name) => {
  test('is of the size that the rule leaves, but for one unit, and every parameter learns', async () => {
    const network = await createTNet(name, { numClasses: 5 });
    const groups = looseGroups(network);
    const params = parameterMeasure(network, groups);
    const full = groups.map(({ units }) => units);
    const most = 1 - leastCost(groups, [params], { part: 0, units: 1 });
    const prune = { ...NEURON_LEVEL, remove: Math.min(0.5, most / 2) };
    const method = slim({ prune });
    const task = method.wrap!(taskOn(network));
    const training = method.open(task, { budget: 2, batchesPerEpoch: 1 });

    const { params: weights, stats } = task.network.init(Rng.fromSeed(1));
    const target = (1 - prune.remove) * measured(params, full);
    expect(countParams(weights)).toBeLessThanOrEqual(target);
    const slimmed = looseGroups(task.network).map(({ units }) => units);
    expect(slimmed).toHaveLength(full.length);
    // One unit more, wherever the most are missing, is too much.
    const parts = slimmed.map((n, g) => (n + 0.5) / full[g]!);
    const next = parts.indexOf(Math.min(...parts));
    expect(measured(params, slimmed.with(next, slimmed[next]! + 1))).toBeGreaterThan(target);
    expect(training.about).toContain('uniformly slim');

    const [side] = network.inputs[0]!.shape;
    const batch: Images = {
      images: tf.tensor4d(Rng.fromSeed(3).normals(4 * side! * side! * 3, 1), [4, side!, side!, 3]),
      labels: tf.tensor1d([0, 1, 2, 3], 'int32'),
    };
    const state = { params: weights, stats, ...training.init(Rng.fromSeed(1)) };
    const { grads } = await training.step(0, training.rounds[0]!, state, batch, { training: true });
    for (const { name: parameter, shape } of task.network.parameters) {
      expect(grads['params']![parameter]!.shape).toEqual(shape);
    }
    expect(Object.keys(training.weights(state)).sort()).toEqual(Object.keys(weights).sort());
  });
});

test('a rule without a target is refused', async () => {
  const network = await createTNet('resnet-test', { numClasses: 5 });
  const method = slim({ prune: { mode: 'target', removeModulated: 0.5 } });
  expect(() => method.wrap!(taskOn(network))).toThrowError(expect.objectContaining({ code: 'bad-argument' }));
});
