import { defineNetwork } from '@ma-net/core';
import { expect, test } from 'vitest';
import { livingUnits } from './living.ts';
import { digitsNetwork } from './training.ts';
import { wiringOf } from './wiring.ts';

test('a residual network is columns of channels, and shortcuts lead to the column that they are added to', async () => {
  const { columns, bundles } = wiringOf(await digitsNetwork());
  expect(columns.map(({ name, units, depth }) => `${depth} ${name} ${units}`)).toEqual([
    '0 images 1',
    '1 conv1 16',
    '2 layer1.0.conv1 16',
    '3 layer1.0.conv2 16',
    '4 layer2.0.conv1 32',
    '5 layer2.0.conv2 32',
    '6 layer3.0.conv1 64',
    '7 layer3.0.conv2 64',
    '8 fc 10',
  ]);
  const shown = bundles.map(({ param, from, to }) => `${param} ${columns[from]!.name} ${columns[to]!.name}`);
  expect(shown).toContain('layer2.0.downsample.0.weight layer1.0.conv2 layer2.0.conv2');
  expect(shown).toContain('fc.weight layer3.0.conv2 fc');
  expect(bundles).toHaveLength(10);
  expect(columns.filter(({ group }) => group === 'conv1').map(({ name }) => name)).toEqual([
    'conv1',
    'layer1.0.conv2',
  ]);
});

test('every connection of a bundle has a place in its kernel', async () => {
  const network = await digitsNetwork();
  const { columns, bundles } = wiringOf(network);
  const kernels = network.kernels.map(({ param, preNeurons, postNeurons }) => [
    param,
    preNeurons,
    postNeurons,
  ]);
  expect(bundles.map(({ param, from, to }) => [param, columns[from]!.units, columns[to]!.units])).toEqual(
    kernels,
  );
});

test('a channel lives while anything reads it, through any of its kernels', () => {
  const network = defineNetwork('fork', { images: [4, 4, 1] }, (net, { images }) => {
    const x = net.relu(net.conv('a', images, { out: 3, kernel: 1 }));
    const y = net.add(net.conv('b', x, { out: 2, kernel: 1 }), net.conv('c', x, { out: 2, kernel: 1 }));
    return { logits: net.dense('fc', net.globalAveragePool(y), { out: 2 }) };
  });
  const wiring = wiringOf(network);
  expect(wiring.columns.map(({ units }) => units)).toEqual([1, 3, 2, 2]);
  const strengths = {
    'b.weight': Float32Array.of(0, 0, 0, 0.5, 0, 0),
    'c.weight': Float32Array.of(0.1, 0, 0, 0, 0, 0),
    'fc.weight': Float32Array.of(0, 0, 1, 1),
  };
  expect(livingUnits(wiring, strengths).map((column) => [...column])).toEqual([
    [1],
    [1, 1, 0],
    [0, 1],
    [1, 1],
  ]);
  expect(livingUnits(wiring, {}).flatMap((column) => [...column])).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
});
