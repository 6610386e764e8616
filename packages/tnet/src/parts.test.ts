import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readParams, Rng } from '@ma-net/core';
import { writeSafetensors } from '@ma-net/core/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test, vi } from 'vitest';
import { parts, resnet, zoo } from './parts.ts';
import { toPyTorch } from './weights/formats.ts';

const facts = {
  classNames: ['a', 'b', 'c'],
  shapes: { images: [8, 8, 1] },
  input: { mean: [0], std: [1], white: 255 },
};

test('the part builds a network of the zoo for what the data hold', async () => {
  expect(parts).toEqual([zoo, resnet]);
  expect(zoo({ name: 'resnet8-digits' })).toEqual({ use: '@ma-net/tnet#zoo', name: 'resnet8-digits' });
  const network = await (await zoo.open({ name: 'resnet8-digits' }))(facts, { fresh: true });
  expect(network.name).toBe('resnet8-digits');
  expect(network.parameters.find((p) => p.name === 'fc.weight')!.shape).toEqual([64, 3]);
  expect(network.parameters.find((p) => p.name === 'conv1.weight')!.shape[2]).toBe(1);
  expect(network.kernels.map((k) => k.param)).toContain('fc.weight');
});

test('a residual network of any shape has the names and numbers of the one in the zoo', async () => {
  const options = resnet.schema.parse({ depths: [1, 1, 1], width: 16, stem: 'cifar' });
  const own = await (await resnet.open(options))(facts, { fresh: true });
  const known = await (await zoo.open({ name: 'resnet8-digits' }))(facts, { fresh: true });
  expect(own.name).toBe('resnet-basic-1-1-1-16');
  expect(own.parameters).toEqual(known.parameters);
  const wide = await (await resnet.open({ ...options, block: 'bottleneck', widen: 2 }))(facts, {
    fresh: true,
  });
  expect(wide.parameters.find((p) => p.name === 'layer1.0.conv2.weight')!.shape).toEqual([3, 3, 32, 32]);
});

test('weights to start from are read for a fresh training, and never again', async () => {
  const build = await zoo.open({ name: 'resnet8-digits', weights: '/nowhere/to/be/found.safetensors' });
  await expect(build(facts, { fresh: true })).rejects.toMatchObject({ code: 'not-found' });
  expect((await build(facts, { fresh: false })).name).toBe('resnet8-digits');
});

test('what was taken from a file of weights is told', async () => {
  await tf.setBackend('cpu');
  const of = async (weights: string | undefined, classNames: string[], tell?: (words: string) => void) => {
    const options = { name: 'resnet8-digits', ...(weights === undefined ? {} : { weights }) };
    const build = await zoo.open(options);
    return build({ ...facts, classNames }, { fresh: true, ...(tell === undefined ? {} : { tell }) });
  };
  const four = await of(undefined, ['a', 'b', 'c', 'd']);
  const { params, stats } = four.init(Rng.fromSeed(1));
  const file = join(mkdtempSync(join(tmpdir(), 'ma-net-parts-')), 'weights.safetensors');
  await writeSafetensors(file, toPyTorch(four, await readParams({ ...params, ...stats })));
  const tell = vi.fn();
  await of(file, facts.classNames, tell);
  expect(tell.mock.calls).toEqual([
    [
      expect.stringMatching(
        /^starts from .*weights\.safetensors: [\d ]+ numbers[^]*starts afresh: fc\.weight \[3, 64\]/,
      ),
    ],
  ]);
  // Whoever does not listen hears nothing.
  await of(file, facts.classNames);
  expect(tell).toHaveBeenCalledTimes(1);
});

test('dropout and stochastic depth reach transformers, and are refused by others', async () => {
  const build = async (name: string) =>
    (await zoo.open({ name, dropout: 0.5, dropPath: 0.5 }))(facts, { fresh: true });
  await tf.setBackend('cpu');
  const network = await build('vit-test');
  const { params, stats } = network.init(Rng.fromSeed(0));
  const logits = (training: boolean) =>
    tf.tidy(() => {
      const ctx = training ? { training, rng: Rng.fromSeed(1) } : { training };
      const images = tf.ones([1, 8, 8, 1]);
      return network.forward(params, stats, { images }, ctx).outputs['logits']!.dataSync();
    });
  expect(logits(true)).not.toEqual(logits(false));
  await expect(build('resnet8-digits')).rejects.toMatchObject({ code: 'bad-argument' });
});
