import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { Rng, startBackend } from '@ma-net/core';
import { createTNet } from '@ma-net/tnet';
import { zoo } from '@ma-net/tnet/parts';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { type FormatName, formats } from './formats.ts';

beforeAll(async () => {
  await startBackend(onnx);
});

const mean = [0.4, 0.5, 0.6];
const std = [0.2, 0.3, 0.25];
const folder = mkdtempSync(join(tmpdir(), 'ma-net-formats-'));

test.each(['safetensors', 'onnx', 'tfjs'] as const satisfies readonly FormatName[])(
  '%s computes what the network computes, from pixels where it can',
  async (name) => {
    const format = await formats[name]();
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
    const found = await format.run(path, { data: format.takesPixels ? pixels : images, shape });
    const scale = Math.max(...expected.map(Math.abs));
    expect(found).toHaveLength(expected.length);
    found.forEach((value, i) => expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(1e-4));
    tf.dispose([trained.params, trained.stats, logits_BK] as tf.TensorContainer);
  },
);
