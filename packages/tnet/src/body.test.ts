// Families as parts of larger networks: their bodies under a prefix, as detectors have them.

import { defineNetwork, type Network, type Program, Rng, scoped } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, expect, test } from 'vitest';
import {
  densenetBody,
  resnet,
  resnetBody,
  type ResNetShape,
  swinBody,
  vitBody,
  wideResnetBody,
} from './index.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

const shape: ResNetShape = { block: 'bottleneck', depths: [1, 1], width: 4, stem: 'imagenet' };
const inputShape = [16, 16, 3] as const;

test('a body under a prefix computes what the whole network computes, with its weights under longer names', async () => {
  const whole = resnet('whole', shape, { numClasses: 2, inputShape }).withOutputs(['layer1', 'layer2']);
  const scopedBody = defineNetwork('body', { images: inputShape }, (net, { images }) => {
    const [layer1, layer2] = resnetBody(scoped(net, 'backbone.body.'), images, shape);
    return { layer1: layer1!, layer2: layer2! };
  });
  expect(scopedBody.parameters.map((p) => p.name)).toEqual(
    whole.parameters.map((p) => `backbone.body.${p.name}`),
  );
  const { params, stats } = whole.init(Rng.fromSeed(1));
  const longer = (tensors: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> =>
    Object.fromEntries(Object.entries(tensors).map(([name, t]) => [`backbone.body.${name}`, t]));
  const images = tf.tensor(Rng.fromSeed(2).normals(2 * 16 * 16 * 3, 1), [2, ...inputShape]);
  const expected = whole.forward(params, stats, { images }, { training: false }).outputs;
  const found = scopedBody.forward(longer(params), longer(stats), { images }, { training: false }).outputs;
  for (const name of ['layer1', 'layer2'] as const)
    expect(await found[name].data()).toEqual(await expected[name].data());
});

const strides = (network: Network): number[] => network.outputs.map(({ stride }) => stride);
const stagesOf = (images: readonly number[], stages: Program): Network =>
  defineNetwork('stages', { images }, stages);
const numbered = <V>(stages: readonly V[]): Record<string, V> =>
  Object.fromEntries(stages.map((x, i) => [`stage${i}`, x]));

test('every family says how many pixels its positions are apart', () => {
  const densenet = { layersPerBlock: [1, 1], growth: 4, blockWidths: [8], stem: 'imagenet' } as const;
  const swin = { width: 8, depths: [1, 1], window: 2, patch: 2, headDim: 4 };
  const found = [
    stagesOf([33, 33, 3], (net, { images }) =>
      numbered(resnetBody(net, images, { ...shape, block: 'basic' })),
    ),
    stagesOf([16, 16, 3], (net, { images }) =>
      numbered(wideResnetBody(net, images, { blocks: 1, widen: 1 })),
    ),
    stagesOf([32, 32, 3], (net, { images }) => numbered(densenetBody(net, images, densenet))),
    stagesOf([8, 8, 3], (net, { images }) => numbered(swinBody(net, images, swin))),
    stagesOf([8, 8, 3], (net, { images }) => ({
      tokens: vitBody(net, images, { patch: 4, width: 8, depth: 1, headDim: 4 }),
    })),
  ].map(strides);
  expect(found).toEqual([[4, 8], [1, 2, 4], [4, 8], [2, 4], [4]]);
});
