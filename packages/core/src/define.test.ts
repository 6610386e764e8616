import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { leaked } from '../test/numerics.ts';
import { defineNetwork } from './define.ts';
import type { Net } from './program.ts';
import { Rng } from './rng.ts';

function program<V>(net: Net<V>, x: V): V {
  const a = net.relu(net.batchNorm('bn', net.conv('conv1', x, { out: 4, kernel: 3 })));
  const b = net.feature('deep', net.add(a, net.conv('conv2', a, { out: 4, kernel: 3 })));
  return net.dense('fc', net.globalAveragePool(b), { out: 3 });
}
const network = defineNetwork('small', [6, 6, 2], program);

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
    const more = defineNetwork('more', [6, 6, 2], (net, x) =>
      program(net, net.conv('extra', x, { out: 2, kernel: 1 })),
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
    const images = tf.zeros([1, 6, 6, 2]) as tf.Tensor4D;
    expect(narrow.forward(params, stats, images, { training: false }).logits.shape).toEqual([1, 3]);
  });

  test('refuses widths that a residual sum cannot have', () => {
    expect(() => network.resized({ 'conv1.weight': [3, 3, 2, 2] })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
  });
});
