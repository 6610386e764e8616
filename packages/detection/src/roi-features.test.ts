import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectNear } from '../test/fixtures.ts';
import { mapDense } from './map-dense.ts';
import { pyramidLevels } from './levels.ts';
import { roiAlign } from './roi-align.ts';
import { roiFeatures } from './roi-features.ts';

beforeAll(() => startBackend(cpu));
const rng = Rng.fromSeed(5);
const align = { size: [2, 3], sampling: 2, aligned: true } as const;

describe('roiFeatures', () => {
  test('is RoIAlign at the level of every box', async () => {
    const maps = [8, 4, 2].map((side, l) =>
      tf.tensor4d(rng.split(l).normals(2 * side * side * 3, 1), [2, side, side, 3]),
    );
    // Around each border between two levels, and without area.
    const sides = [1, 3.99, 4, 4.01, 7.99, 8, 8.01, 30, 0];
    const boxes = [0, 1].flatMap((b) => sides.flatMap((side) => [b, 1, b + side, 1 + side]));
    const network = defineNetwork(
      'rois',
      { rois: [9, 4], a: [8, 8, 3], b: [4, 4, 3], c: [2, 2, 3] },
      (net, { rois, a, b, c }) => ({
        y: net.apply(roiFeatures, '', [rois, a, b, c], { ...align, strides: [1, 2, 4], finest: 2 }),
      }),
    );
    const given = { rois: tf.tensor3d(boxes, [2, 9, 4]), a: maps[0]!, b: maps[1]!, c: maps[2]! };
    const { y } = network.forward({}, {}, given, { training: false }).outputs;
    expect(y.shape).toEqual([2, 9, 2, 3, 3]);
    expect(network.outputs[0]!.shape).toEqual([9, 2, 3, 3]);
    const expected = roiAlign(
      maps.map((features_NHWC, l) => ({ features_NHWC, stride: 2 ** l })),
      {
        boxes_BR4: tf.tensor3d(boxes, [2, 9, 4]),
        levels_BR: tf.tensor2d(pyramidLevels(boxes, { count: 3, finest: 2 }), [2, 9], 'int32'),
      },
      align,
    );
    expectNear(await y.data(), Array.from(await expected.data()), 1e-6);
  });

  test.each([
    ['no boxes', { rois: [9, 3], a: [8, 8, 3], b: [4, 4, 3] }, [1, 2]],
    ['a stride too many', { rois: [9, 4], a: [8, 8, 3], b: [4, 4, 3] }, [1, 2, 4]],
    ['levels of two widths', { rois: [9, 4], a: [8, 8, 3], b: [4, 4, 2] }, [1, 2]],
  ])('%s are refused', (_, inputs, strides) => {
    expect(() =>
      defineNetwork('rois', inputs, (net, { rois, a, b }) => ({
        y: net.apply(roiFeatures, '', [rois, a, b], { ...align, strides }),
      })),
    ).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });
});

test('mapDense is a convolution whose window is all of the map', async () => {
  const shape = [2, 3, 4];
  const dense = defineNetwork('dense', { x: shape }, (net, { x }) => ({
    y: net.apply(mapDense, 'fc', [x], { out: 5 }),
  }));
  const conv = defineNetwork('conv', { x: [3, 3, 4] }, (net, { x }) => ({
    y: net.conv('fc', x, { out: 5, kernel: 3, pad: 0, bias: true }),
  }));
  expect(dense.outputs[0]!.shape).toEqual([5]);
  expect(dense.kernels[0]).toMatchObject({ preNeurons: 4, postNeurons: 5, area: 6 });
  const x = tf.tensor4d(rng.split('x').normals(2 * 36, 1), [2, 3, 3, 4]);
  const square = defineNetwork('square', { x: [3, 3, 4] }, (net, inputs) => ({
    y: net.apply(mapDense, 'fc', [inputs.x], { out: 5 }),
  }));
  const { params } = square.init(Rng.fromSeed(1));
  const found = square.forward(params, {}, { x }, { training: false }).outputs.y;
  const expected = conv.forward(params, {}, { x }, { training: false }).outputs.y;
  expectNear(await found.data(), Array.from(await expected.data()), 1e-6);
});
