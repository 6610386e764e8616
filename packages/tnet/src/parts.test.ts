import { expect, test } from 'vitest';
import { parts, zoo } from './parts.ts';

const facts = {
  classNames: ['a', 'b', 'c'],
  shapes: { images: [8, 8, 1] },
  input: { mean: [0], std: [1], white: 255 },
};

test('the part builds a network of the zoo for what the data hold', async () => {
  expect(parts).toEqual([zoo]);
  expect(zoo({ name: 'resnet8-digits' })).toEqual({ use: '@ma-net/tnet#zoo', name: 'resnet8-digits' });
  const network = await (await zoo.open({ name: 'resnet8-digits' }))(facts, { fresh: true });
  expect(network.name).toBe('resnet8-digits');
  expect(network.parameters.find((p) => p.name === 'fc.weight')!.shape).toEqual([64, 3]);
  expect(network.parameters.find((p) => p.name === 'conv1.weight')!.shape[2]).toBe(1);
  expect(network.kernels.map((k) => k.param)).toContain('fc.weight');
});

test('weights to start from are read for a fresh training, and never again', async () => {
  const build = await zoo.open({ name: 'resnet8-digits', weights: '/nowhere/to/be/found.safetensors' });
  await expect(build(facts, { fresh: true })).rejects.toMatchObject({ code: 'not-found' });
  expect((await build(facts, { fresh: false })).name).toBe('resnet8-digits');
});
