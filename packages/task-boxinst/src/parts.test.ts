import { type DataFacts, MaNetError } from '@ma-net/core';
import { expect, test } from 'vitest';
import { boxinst, boxInstNetwork, parts } from './parts.ts';

const facts: DataFacts = {
  classNames: ['cat', 'dog'],
  shapes: { images: [64, 96, 3] },
  input: { mean: [0, 0, 0], std: [1, 1, 1], white: 255 },
};
const body = { block: 'basic' as const, depths: [1, 1, 1, 1], width: 4 };

test('a network for the classes and the images of the data, and the task on it', async () => {
  const { use, ...options } = boxInstNetwork({ body, width: 4, groupWidth: 2, maskWidth: 4 });
  expect(use).toBe('@ma-net/task-boxinst#boxInstNetwork');
  const make = await boxInstNetwork.open(boxInstNetwork.schema.parse(options));
  const network = await make(facts, { fresh: true });
  const shapes = Object.fromEntries(network.outputs.map(({ name, shape }) => [name, shape]));
  expect(shapes).toMatchObject({
    'p3.cls': [8, 12, 2],
    'p5.ltrb': [2, 3, 4],
    'p7.filters': [1, 1, 233],
    mask_features: [8, 12, 16],
  });
  const task = (await boxinst.open(boxinst.schema.parse({})))(network, facts);
  expect([task.name, task.headline.measure]).toEqual(['boxinst', 'maskAP']);
  expect(parts.map(({ kind }) => kind)).toEqual(['network', 'task']);
});

test('ResNet-50 has the parameters of the reference', async () => {
  const make = await boxInstNetwork.open(boxInstNetwork.schema.parse({}));
  const network = await make({ ...facts, classNames: Array<string>(80).fill('a') }, { fresh: true });
  const count = network.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(count).toBe(34_259_731);
});

test('weights are read for a fresh network alone', async () => {
  const { open, schema } = boxInstNetwork;
  const make = await open(schema.parse({ body, width: 4, groupWidth: 2, weights: 'nowhere.safetensors' }));
  await expect(make(facts, { fresh: true })).rejects.toThrow(MaNetError);
  await expect(make(facts, { fresh: false })).resolves.toHaveProperty('name', 'boxinst');
});
