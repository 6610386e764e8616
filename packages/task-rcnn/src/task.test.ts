// What the fixtures do not show: images without objects, small samples, rules that differ, and bad networks.

import { onnx } from '@ma-net/backend-onnx';
import { type Batch, defineNetwork, type HostBatch, type Network, Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  drawsOf,
  proposalsOf,
  rcnn,
  rcnnDetections,
  rcnnLosses,
  rcnnNetwork,
  rcnnRules,
  roiTargets,
  rpnTargets,
} from './index.ts';
import { network as networkPart, rcnn as taskPart } from './parts.ts';

const rules = rcnnRules('detectron2', { anchors: 8, rois: 8, proposals: [12, 6] });
const anchors = [0, 0, 10, 10, 5, 5, 15, 15, 40, 40, 60, 60, 100, 100, 130, 130];
const object = { boxes: [0, 0, 10, 11], labels: [2] };
const draw = drawsOf(Rng.fromSeed(1));
beforeAll(() => startBackend(onnx));

describe('targets', () => {
  test('anchors: an object, background, what is neither, and room that is left', () => {
    const { rpnIndices_BS, rpnLabels_BS, rpnDeltas_BS4 } = rpnTargets(anchors, [object], rules, draw);
    const labels = Array.from(rpnLabels_BS!.data);
    expect(labels).toEqual([1, 0, 0, 0, -1, -1, -1, -1]);
    expect(Array.from(rpnIndices_BS!.data).slice(0, 4)).toEqual([0, 1, 2, 3]);
    // The centre lies 0.5 of 10 pixels lower, and the height is 11 of 10.
    [0, 0.05, 0, Math.log(1.1)].forEach((delta, k) => expect(rpnDeltas_BS4!.data[k]).toBeCloseTo(delta, 6));
    expect(rpnDeltas_BS4!.data.slice(4).every((delta) => delta === 0)).toBe(true);
  });

  test('an image without objects is background', () => {
    const none = { boxes: [], labels: [] };
    const { rpnLabels_BS } = rpnTargets(anchors, [none, object], rules, draw);
    expect(Array.from(rpnLabels_BS!.data).slice(0, 8)).toEqual([0, 0, 0, 0, -1, -1, -1, -1]);
    const { roiLabels_BR } = roiTargets([[0, 0, 10, 10], []], [none, object], 5, rules, draw);
    expect(Array.from(roiLabels_BR!.data)).toEqual([5, ...Array(7).fill(-1), 2, ...Array(7).fill(-1)]);
  });

  test.each([
    ['mmdetection', [0, 0, 10, 11]],
    ['detectron2', [0, 0, 10, 10]],
  ] as const)('%s has its own place for objects among the candidates', (set, first) => {
    const own = rcnnRules(set, { rois: 8 });
    const { rois_BR4, roiLabels_BR } = roiTargets([[0, 0, 10, 10]], [object], 5, own, draw);
    expect(Array.from(rois_BR4!.data).slice(0, 4)).toEqual([...first]);
    expect(Array.from(roiLabels_BR!.data).slice(0, 3)).toEqual([2, 2, -1]);
  });

  test('other steps draw other samples, the same seed the same', () => {
    const many = Array.from({ length: 40 }, (_, i) => [200 + i, 200, 210 + i, 210]).flat();
    const of = (seed: number): string =>
      rpnTargets(many, [object], rules, drawsOf(Rng.fromSeed(seed)))['rpnIndices_BS']!.data.join();
    expect(of(1)).toBe(of(1));
    expect(of(1)).not.toBe(of(2));
  });
});

const shape = {
  body: { block: 'basic', depths: [1, 1, 1, 1], stem: 'imagenet', width: 2 },
  width: 4,
  hidden: 6,
  classes: 3,
  images: [64, 64, 3],
} as const;

test('losses without an object are those of background alone, and finite', async () => {
  const none = { boxes: [], labels: [] };
  const network = rcnnNetwork('small', shape, rules);
  const { params, stats } = network.init(Rng.fromSeed(0));
  const images = tf.tensor4d(Rng.fromSeed(1).normals(64 * 64 * 3, 1), [1, 64, 64, 3]);
  const host: HostBatch = {
    ...rpnTargets(anchors, [none], rules, draw),
    ...roiTargets([[0, 0, 10, 10, 5, 5, 60, 60]], [none], 3, rules, draw),
  };
  const targets = Object.fromEntries(
    Object.entries(host).map(([name, { data, shape: of, dtype }]) => [name, tf.tensor(data, [...of], dtype)]),
  );
  const inputs = { images, rois: targets['rois_BR4']! };
  const { outputs } = network.forward(params, stats, inputs, { training: true });
  const losses = rcnnLosses(outputs, targets, rules);
  const read = await Promise.all(
    Object.values(losses).map(async (loss: tf.Scalar) => (await loss.data())[0]!),
  );
  const [objectness, proposals, classes, boxes] = read as [number, number, number, number];
  // Four anchors of eight; logits are near 0 at the start.
  expect(objectness).toBeCloseTo(Math.LN2 / 2, 1);
  expect(classes).toBeCloseTo(Math.log(4), 1);
  expect([proposals, boxes]).toEqual([0, 0]);
  tf.dispose([params, stats, images, targets, outputs, losses] as unknown as tf.TensorContainer);
});

describe('what is found', () => {
  const level = (side: number, logit: (k: number) => number): HostBatch[string] => ({
    shape: [1, side, side, 1],
    dtype: 'float32',
    data: Float32Array.from({ length: side * side }, (_, k) => logit(k)),
  });
  const still = (side: number): HostBatch[string] => ({
    shape: [1, side, side, 4],
    dtype: 'float32',
    data: new Float32Array(side * side * 4),
  });
  const sides = { p2: 2, p3: 1, p4: 1, p5: 1, p6: 1 };
  const outputs: HostBatch = Object.fromEntries(
    Object.entries(sides).flatMap(([name, side], l) => [
      [`${name}.objectness`, level(side, (k) => k - l)],
      [`${name}.deltas`, still(side)],
    ]),
  );
  const made = {
    p2: Float32Array.of(0, 0, 8, 8, 1, 0, 9, 8, 20, 0, 28, 8, -9, 0, 0, 8),
    p3: Float32Array.of(1, 0, 9, 8),
    p4: Float32Array.of(0, 30, 90, 50),
    p5: Float32Array.of(0, 0, 0, 0),
    p6: Float32Array.of(0, 0, 500, 500),
  };

  test('proposals are cut off at the image; levels do not suppress each other', () => {
    const { boxes, objectness } = proposalsOf(outputs, 0, [40, 40], made, rules, false);
    // One lies outside, one has no area, one of the first level overlaps a surer one.
    expect([...objectness]).toEqual([2, 1, -1, -2, -4]);
    expect([...boxes]).toEqual([20, 0, 28, 8, 1, 0, 9, 8, 1, 0, 9, 8, 0, 30, 40, 40, 0, 0, 40, 40]);
  });

  test('detections are of the image itself, and room that is left is none', () => {
    const found = rcnnDetections(
      {
        classes: { shape: [1, 2, 3], dtype: 'float32', data: Float32Array.of(0, 9, 0, 9, 9, 9) },
        boxes: { shape: [1, 2, 8], dtype: 'float32', data: new Float32Array(16) },
        rois_BR4: { shape: [1, 2, 4], dtype: 'float32', data: Float32Array.of(1, 2, 9, 8, 0, 0, 0, 0) },
      },
      0,
      { size: [20, 10], original: [40, 30] },
      rules,
    );
    expect([...found.labels]).toEqual([1]);
    expect(found.scores[0]).toBeCloseTo(1, 3);
    [3, 4, 27, 16].forEach((side, k) => expect(found.boxes[k]).toBeCloseTo(side, 4));
  });
});

describe('the task', () => {
  test('a network of other rules, or of another kind, is refused', () => {
    const other = rcnnNetwork('other', shape, rcnnRules('torchvision')) as unknown as Network;
    const none = defineNetwork('none', { images: [8, 8, 3] }, (net, { images }) => ({ y: net.relu(images) }));
    for (const network of [other, none as unknown as Network])
      expect(() => rcnn(network, rules)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  test('parts make both of one choice', async () => {
    const facts = {
      classNames: ['a', 'b'],
      shapes: { images: [64, 64, 3] },
      input: { mean: [0, 0, 0], std: [1, 1, 1], white: 255 },
    };
    const chosen = { rules: 'mmdetection', amounts: { proposals: [9, 4] } } as const;
    const build = await networkPart.open(
      networkPart.schema.parse({ ...chosen, body: { depths: [1, 1, 1, 1], width: 2 }, width: 4, hidden: 6 }),
    );
    const network = await build(facts, { fresh: true });
    expect(network.outputs.at(-1)).toMatchObject({ name: 'boxes', shape: [4, 8] });
    const task = (await taskPart.open(taskPart.schema.parse(chosen)))(network, facts);
    expect(task.headline).toEqual({ measure: 'AP', better: 'larger' });
    expect(Object.keys(task.inputs({ images_BHWC: 1, rois_BR4: 2 } as unknown as Batch as never))).toEqual([
      'images',
      'rois',
    ]);
  });
});
