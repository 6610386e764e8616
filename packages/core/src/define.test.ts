import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { leaked } from '../test/numerics.ts';
import { defineNetwork } from './define.ts';
import type { Program } from './program.ts';
import { Rng } from './rng.ts';

const program: Program<'images', 'deep' | 'logits'> = (net, { images: x }) => {
  const a = net.relu(net.batchNorm('bn', net.conv('conv1', x, { out: 4, kernel: 3 })));
  const b = net.add(a, net.conv('conv2', a, { out: 4, kernel: 3 }));
  return { deep: b, logits: net.dense('fc', net.globalAveragePool(b), { out: 3 }) };
};
const network = defineNetwork('small', { images: [6, 6, 2] }, program, { outputs: ['logits'] });

const bytes = (tensors: Readonly<Record<string, tf.Tensor>>): Promise<[string, number[]][]> =>
  Promise.all(
    Object.entries(tensors).map(
      async ([name, t]): Promise<[string, number[]]> => [name, [...(await t.data())]],
    ),
  );

describe('init', () => {
  test('makes what the network declares', () => {
    const { params, stats } = network.init(Rng.fromSeed(1));
    expect(Object.entries(params).map(([name, t]) => [name, t.shape])).toEqual(
      network.parameters.map(({ name, shape }) => [name, shape]),
    );
    expect(Object.keys(stats)).toEqual(['bn.running_mean', 'bn.running_var']);
  });

  test('depends on the seed and on names, not on what else there is', async () => {
    const [a, again, other] = [1, 1, 2].map((seed) => network.init(Rng.fromSeed(seed)).params);
    expect(await bytes(a!)).toEqual(await bytes(again!));
    expect(await bytes(a!)).not.toEqual(await bytes(other!));
    const more = defineNetwork('more', { images: [6, 6, 2] }, (net, { images }) =>
      program(net, { images: net.conv('extra', images, { out: 2, kernel: 1 }) }),
    ).init(Rng.fromSeed(1)).params;
    expect(await bytes({ w: more['conv2.weight']! })).toEqual(await bytes({ w: a!['conv2.weight']! }));
  });

  test('starts statistics and normalisations at rest', async () => {
    const { params, stats } = network.init(Rng.fromSeed(1));
    expect([...(await stats['bn.running_var']!.data())]).toEqual([1, 1, 1, 1]);
    expect([...(await stats['bn.running_mean']!.data())]).toEqual([0, 0, 0, 0]);
    expect([...(await params['bn.weight']!.data())]).toEqual([1, 1, 1, 1]);
    expect([...(await params['bn.bias']!.data())]).toEqual([0, 0, 0, 0]);
  });

  test('leaves its results only', () => {
    expect(leaked(() => tf.dispose(network.init(Rng.fromSeed(1)) as unknown as tf.TensorContainer))).toBe(0);
  });
});

describe('resized', () => {
  test('has the widths of the shapes it is given, and runs on parameters of these shapes', () => {
    const narrow = network.resized({ 'conv1.weight': [3, 3, 2, 2], 'conv2.weight': [3, 3, 2, 2] });
    expect(narrow.name).toBe('small');
    expect(narrow.parameters.find((p) => p.name === 'fc.weight')!.shape).toEqual([2, 3]);
    expect(narrow.groups[0]!.units).toBe(2);
    const { params, stats } = narrow.init(Rng.fromSeed(1));
    const images = tf.zeros([1, 6, 6, 2]);
    const { outputs } = narrow.forward(params, stats, { images }, { training: false });
    expect(outputs.logits.shape).toEqual([1, 3]);
  });

  test('refuses widths that a residual sum cannot have', () => {
    expect(() => network.resized({ 'conv1.weight': [3, 3, 2, 2] })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
  });
});

describe('outputs', () => {
  test('only what they need is computed, declared and kept', () => {
    const backbone = network.withOutputs(['deep']);
    expect(backbone.parameters.map((p) => p.name)).not.toContain('fc.weight');
    expect(backbone.outputs).toEqual([{ name: 'deep', shape: [6, 6, 4], stride: 1 }]);
    expect(backbone.groups[0]!.pinnedBy).toEqual([{ kind: 'output', name: 'deep' }]);
    // A value that nobody chose keeps nothing.
    expect(network.groups[0]!.pinnedBy).toEqual([]);
    expect(network.values.map((v) => v.name)).toEqual(['deep', 'logits']);
    const { params, stats } = backbone.init(Rng.fromSeed(1));
    const given = { images: tf.zeros([1, 6, 6, 2]) };
    const { outputs } = backbone.forward(params, stats, given, { training: false });
    expect(Object.entries(outputs).map(([name, t]) => [name, t.shape])).toEqual([['deep', [1, 6, 6, 4]]]);
  });

  test('stay chosen in other widths', () => {
    const narrow = network
      .withOutputs(['deep'])
      .resized({ 'conv1.weight': [3, 3, 2, 2], 'conv2.weight': [3, 3, 2, 2] });
    expect(narrow.outputs).toEqual([{ name: 'deep', shape: [6, 6, 2], stride: 1 }]);
  });

  test('that the program does not return are refused with the nearest name', () => {
    expect(() => network.withOutputs(['logit'])).toThrow(/returns no "logit"[^]*did you mean "logits"/);
    expect(() => network.withOutputs(['logit'])).toThrow(expect.objectContaining({ code: 'unknown-name' }));
  });

  test('that are inputs or parameters are copies: the caller owns them', () => {
    const same = defineNetwork('same', { images: [2, 2, 1] }, (net, { images }) => ({
      images,
      table: net.embedding('table', { tokens: 1, width: 3, init: { kind: 'constant', value: 1 } }),
    }));
    const { params, stats } = same.init(Rng.fromSeed(1));
    const images = tf.zeros([1, 2, 2, 1]);
    tf.dispose({ ...same.forward(params, stats, { images }, { training: false }).outputs });
    expect([images.isDisposed, params['table']!.isDisposed]).toEqual([false, false]);
  });
});

describe('what a network cannot take is refused in its own words', () => {
  const { params, stats } = network.init(Rng.fromSeed(1));
  const forward =
    (given: Record<string, tf.Tensor>, weights = params) =>
    (): unknown =>
      network.forward(weights, stats, given as { images: tf.Tensor }, { training: false });

  test.each<[string, Record<string, tf.Tensor>, string, RegExp]>([
    [
      'images of other channels',
      { images: tf.zeros([1, 6, 6, 3]) },
      'shape-mismatch',
      /"images" is \[1, 6, 6, 3\], expected \[batch, any, any, 2\]/,
    ],
    ['images without a batch', { images: tf.zeros([6, 6, 2]) }, 'shape-mismatch', /is \[6, 6, 2\], expected/],
    ['an input that it has not', { image: tf.zeros([1, 6, 6, 2]) }, 'unknown-name', /did you mean "images"/],
    ['nothing', {}, 'bad-argument', /found undefined/],
  ])('%s', (_, given, code, message) => {
    expect(forward(given)).toThrow(message);
    expect(forward(given)).toThrow(expect.objectContaining({ code }));
  });

  test('weights of other widths, naming the layer', () => {
    const wider = { ...params, 'conv1.weight': tf.zeros([3, 3, 2, 5]) };
    const given = { images: tf.zeros([1, 6, 6, 2]) };
    expect(forward(given, wider)).toThrow(/Layer "bn" takes 4 channels[^]*receives \[1, 6, 6, 5\]/);
    expect(forward(given, { ...params, 'fc.weight': tf.zeros([5, 3]) })).toThrow(
      /Layer "fc" takes 5 channels/,
    );
  });

  test('images of a size that a layer with one weight per position has not', () => {
    const flat = defineNetwork('flat', { images: [2, 2, 1] }, (net, { images }) => ({
      logits: net.dense('fc', net.flatten(images), { out: 2 }),
    }));
    const made = flat.init(Rng.fromSeed(1));
    const images = tf.zeros([1, 3, 3, 1]);
    expect(() => flat.forward(made.params, made.stats, { images }, { training: false })).toThrow(
      /Layer "fc" takes 4 channels[^]*receives \[1, 9\]/,
    );
  });

  test.each([[[8, 8, 0]], [[8, 2.5, 1]], [[-8, 8, 1]]])('inputs of %j', (images) => {
    expect(() => defineNetwork('x', { images }, (net, inputs) => ({ y: net.relu(inputs.images) }))).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});
