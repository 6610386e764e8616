// Graphs of images of several shapes, for a network that sees blue first.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from '@ma-net/backend-onnx';
import { defineNetwork, type Network, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import * as formats from './parts.ts';
import { forImages, otherShapes } from './shapes.ts';

beforeAll(() => startBackend(onnx));

const network = defineNetwork('map', { images: [4, 6, 3] }, (net, { images }) => {
  const half = net.relu(net.conv('a', images, { out: 4, kernel: 3, stride: 2 }));
  return { map: net.conv('b', half, { out: 2, kernel: 3 }) };
}) as unknown as Network;
const facts = {
  classNames: ['a', 'b'],
  shapes: { images: [4, 6, 3] },
  input: {
    mean: [100, 110, 120],
    std: [50, 60, 70],
    white: 1,
    whole: {
      shorter: 4,
      longest: 6,
      rounding: 'mmdetection',
      buckets: [
        { height: 4, width: 6 },
        { height: 6, width: 4 },
      ],
      channels: 'BGR',
    },
  },
} as const;

test('the other shapes are those of the other buckets', () => {
  expect(otherShapes(facts)).toEqual([[6, 4, 3]]);
  const { whole: _, ...input } = facts.input;
  expect(otherShapes({ ...facts, input })).toEqual([]);
});

test('a network is described for images of another shape', () => {
  const { network: other, facts: said } = forImages(network, facts, [6, 4, 3]);
  expect(network.outputs[0]!.shape).toEqual([2, 3, 2]);
  expect(other.inputs[0]!.shape).toEqual([6, 4, 3]);
  expect(other.outputs[0]!.shape).toEqual([3, 2, 2]);
  expect(said.shapes).toEqual({ images: [6, 4, 3] });
});

test.each(['onnx', 'tfjs'] as const)(
  '%s takes RGB of every shape, where the network sees BGR',
  async (name) => {
    const format = await formats[name].open({});
    const { params, stats } = network.init(Rng.fromSeed(1));
    for (const shape of [facts.shapes.images, ...otherShapes(facts)]) {
      const { network: of, facts: said } = forImages(network, facts, shape);
      const [h, w] = shape as [number, number];
      const rgb = Float32Array.from(Rng.fromSeed(2).uniforms(h * w * 3, 0, 256), Math.floor);
      const bgr = rgb.map((_, i) => {
        const c = i % 3;
        return (rgb[i - c + 2 - c]! - facts.input.mean[c]!) / facts.input.std[c]!;
      });
      const images = tf.tensor(bgr, [1, ...shape]);
      const expected = await network
        .forward(params, stats, { images }, { training: false })
        .outputs['map']!.data();
      const path = join(mkdtempSync(join(tmpdir(), 'ma-net-shapes-')), `network${format.extension}`);
      const words = await format.write(path, { network: of, params, stats }, said, { pixels: true });
      expect(words).toContain(
        `images [batch, ${h}, ${w}, 3], pixels from 0 to 1 (RGB), to map [batch, ${h / 2}, ${w / 2}, 2]`,
      );
      const found = await format.run(path, { images: { shape: [1, ...shape], dtype: 'float32', data: rgb } });
      found['map']!.data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
      expect(await format.write(path, { network: of, params, stats }, said, { pixels: false })).toContain(
        '(BGR)',
      );
    }
  },
);
