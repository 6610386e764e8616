import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { defineNetwork, readParams, Rng, startBackend, uploadParams } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import * as formats from './parts.ts';

beforeAll(async () => {
  await startBackend(onnx);
});

const mean = [0.4, 0.5, 0.6];
const std = [0.2, 0.3, 0.25];
const folder = mkdtempSync(join(tmpdir(), 'ma-net-formats-'));

test.each(['safetensors', 'onnx', 'tfjs'] as const)(
  '%s computes what the network computes, from pixels where it can',
  async (name) => {
    const format = await formats[name].open({});
    const network = await createTNet('resnet-test', { numClasses: 3 });
    const trained = { network, ...network.init(Rng.fromSeed(1)) };
    const shape = [2, ...network.inputs[0]!.shape] as [number, number, number, number];
    const pixels = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (i * 37) % 256);
    const images = pixels.map((p, i) => (p / 255 - mean[i % 3]!) / std[i % 3]!);
    const logits_BK = tf.tidy(() => {
      const given = { images: tf.tensor4d(images, shape) };
      return network.forward(trained.params, trained.stats, given, { training: false }).outputs.logits;
    });
    const expected = await logits_BK.data();
    const facts = {
      network: zoo({ name: 'resnet-test' }),
      shapes: {},
      classNames: ['a', 'b', 'c'],
      input: { mean, std, white: 255 },
    };

    const path = join(folder, `network${format.extension}`);
    await format.write(path, trained, facts, { pixels: format.takesPixels });
    const data = format.takesPixels ? pixels : images;
    const found = await format.run(path, { images: { dtype: 'float32', data, shape } });
    const scale = Math.max(...expected.map(Math.abs));
    expect(Object.keys(found)).toEqual(['logits']);
    expect(found['logits']!.shape).toEqual([2, 3]);
    found['logits']!.data.forEach((value, i) =>
      expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-4),
    );
    tf.dispose([trained.params, trained.stats, logits_BK] as tf.TensorContainer);
  },
);

test.each(['onnx', 'tfjs'] as const)('%s has every input and output under its name', async (name) => {
  const format = await formats[name].open({});
  const shapes = { photo: [6, 5, 2], at: [3], scale: [4] } as const;
  const network = defineNetwork('named', shapes, (net, { photo, at, scale }) => {
    const features = net.conv('a', photo, { out: 4, kernel: 3 });
    return { rows: net.gather(net.tokens(features), at), scaled: net.mul(features, scale) };
  });
  const trained = { network, ...network.init(Rng.fromSeed(1)) };
  const inputs = {
    photo: { shape: [2, 6, 5, 2], dtype: 'float32', data: Float32Array.from({ length: 120 }, (_, i) => i) },
    at: { shape: [2, 3], dtype: 'int32', data: Int32Array.of(0, 29, -1, 7, 7, 30) },
    scale: { shape: [2, 4], dtype: 'float32', data: Float32Array.of(1, -1, 0, 2, 0.5, 3, 1, 1) },
  } as const;
  const facts = {
    shapes,
    classNames: [],
    input: { mean: mean.slice(1), std: std.slice(1), white: 255 },
  };
  const { photo, at, scale } = uploadParams(inputs);
  const pixels = tf.div(tf.sub(tf.div(photo!, 255), facts.input.mean), facts.input.std);
  const given = { photo: pixels, at: at!, scale: scale! };
  const expected = network.forward(trained.params, trained.stats, given, { training: false }).outputs;
  const path = join(folder, `named${format.extension}`);
  await format.write(path, trained, facts, { pixels: true });
  const found = await format.run(path, inputs);
  expect(Object.keys(found).sort()).toEqual(['rows', 'scaled']);
  for (const [output, tensor] of Object.entries(await readParams(expected))) {
    expect(found[output]!.shape).toEqual(tensor.shape);
    found[output]!.data.forEach((value, i) => expect(value).toBeCloseTo(tensor.data[i]!, 4));
  }
});

test('pixels are refused for a network without images', async () => {
  const network = defineNetwork('none', { x: [4] }, (net, { x }) => ({ y: net.dense('fc', x, { out: 2 }) }));
  const trained = { network, ...network.init(Rng.fromSeed(1)) };
  const facts = { shapes: { x: [4] }, classNames: [], input: { mean: [0], std: [1], white: 1 } };
  for (const name of ['onnx', 'tfjs'] as const) {
    const format = await formats[name].open({});
    const path = join(folder, `none${format.extension}`);
    await expect(format.write(path, trained, facts, { pixels: true })).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('none takes no images') as string,
    });
    expect(await format.write(path, trained, facts, { pixels: false })).toContain('x [batch, 4]');
  }
});
