// What is decided on the host about instances: which of them learn, and what becomes of their masks.

import { Rng } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import { describe, expect, test } from 'vitest';
import { expectNear, fixture, fixturePath, type Rows } from '../test/fixtures.ts';
import { dynamicLayers } from './dynamic-masks.ts';
import { FCOS_RANGES } from './fcos-targets.ts';
import { originalBoxes } from './detections.ts';
import { instanceLogits, maskAtSize, maskProbabilities } from './instance-masks.ts';
import { bestOfEach, instanceTargets, type Positive, someOf } from './instance-targets.ts';

const oracle = fixture<{
  readonly proposal_selection: readonly {
    readonly name: string;
    readonly top_k_per_image: number;
    readonly gt_index: readonly number[];
    readonly class_logits: Rows;
    readonly centerness_logits: readonly number[];
    readonly kept_indices_sorted: readonly number[];
  }[];
  readonly postprocess: {
    readonly padded_hw: readonly [number, number];
    readonly resized_hw: readonly [number, number];
    readonly output_hw: readonly [number, number];
    readonly boxes_in: Rows;
    readonly boxes_out: Rows;
  };
}>('instances');

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

test.each(oracle.proposal_selection)('the best points of each object: $name', (one) => {
  const scores = one.class_logits.map(
    (row, i) => sigmoid(Math.max(...row)) * sigmoid(one.centerness_logits[i]!),
  );
  expect([...bestOfEach(one.gt_index, scores, one.top_k_per_image)]).toEqual(one.kept_indices_sorted);
});

test('masks and boxes at the size of the image', async () => {
  const { padded_hw, resized_hw, output_hw, boxes_in, boxes_out } = oracle.postprocess;
  const { tensors } = await readSafetensors(fixturePath('postprocess.safetensors'));
  const { data, shape } = tensors['probabilities_stride4']!;
  const [, height, width] = shape as [number, number, number];
  const sizes = { padded: padded_hw, resized: resized_hw, original: output_hw };
  const expected = Array.from(tensors['masks']!.data);
  // The third box is empty, and goes with its mask.
  const found = [0, 1].flatMap((i) => [
    ...maskAtSize(data.subarray(i * height * width, (i + 1) * height * width), [height, width], sizes),
  ]);
  expect(expected.some((value) => value === 1) && expected.some((value) => value === 0)).toBe(true);
  expect(found).toEqual(expected);
  expectNear([...originalBoxes(boxes_in.flat(), resized_hw, output_hw)].slice(0, 8), boxes_out.flat());
});

describe.each(['tiny', 'real_five_instances_three_images', 'boxinst_real_233'])('%s', (name) => {
  test('masks of instances over arrays', async () => {
    const { tensors } = await readSafetensors(fixturePath('dynamic_head.safetensors'));
    const of = (what: string) => tensors[`${name}/${what}`]!;
    const one = fixture<Readonly<Record<string, { readonly channels: number }>>>('condinst')[name]!;
    const [, height, width, maskChannels] = of('mask_feats').shape as [number, number, number, number];
    const size = height * width * maskChannels;
    const expected = of('mask_logits_stride4');
    const found = Array.from(of('image_index').data).flatMap((image, i) => {
      const count = of('params').shape[1]!;
      const features = of('mask_feats').data.subarray(image * size, (image + 1) * size);
      const [x, y] = of('locations_xy').data.subarray(2 * i, 2 * i + 2) as unknown as [number, number];
      const logits = instanceLogits(
        { data: features, height, width, maskChannels, channels: one.channels },
        {
          parameters: of('params').data.subarray(i * count, (i + 1) * count),
          point: [x, y],
          level: of('levels').data[i]!,
        },
      );
      return [...maskProbabilities(logits, [height, width])];
    });
    expectNear(
      found,
      Array.from(expected.data, (logit) => sigmoid(logit)),
    );
    expect(dynamicLayers(maskChannels, one.channels)).toHaveLength(3);
  });
});

const levels = [
  { height: 8, width: 8, stride: 8 },
  { height: 4, width: 4, stride: 16 },
];
const objects = {
  boxes_BN4: {
    shape: [2, 2, 4],
    dtype: 'float32',
    data: Float32Array.of(4, 4, 40, 40, 0, 0, 0, 0, 8, 8, 30, 60, 30, 2, 62, 40),
  },
  labels_BN: { shape: [2, 2], dtype: 'int32', data: Int32Array.of(3, -1, 1, 0) },
} as const;

test('targets name every chosen point, and the rest of the room is not real', () => {
  let all: readonly Positive[] = [];
  const made = instanceTargets(objects, levels, {
    ranges: FCOS_RANGES,
    room: 50,
    choose: (positives) => {
      all = positives;
      return positives.map((_, i) => i);
    },
  });
  const points = 8 * 8 + 4 * 4;
  const of = (name: string): number[] => Array.from(made[name]!.data);
  expect(all.length).toBeGreaterThan(10);
  expect(of('real_I')).toEqual(Array.from({ length: 50 }, (_, i) => Number(i < all.length)));
  expect(made['points_I']!.shape).toEqual([50]);
  for (const [i, { image, point, object }] of all.entries()) {
    expect(of('points_I')[i]).toBe(image * points + point);
    expect(of('objects_I')[i]).toBe(image * 2 + object);
    expect(of('images_I')[i]).toBe(image);
    expect(of('classes_BP')[image * points + point]).toBe(objects.labels_BN.data[image * 2 + object]);
    const level = of('levels_I')[i]!;
    expect(level).toBe(point < 64 ? 0 : 1);
    const { width, stride } = levels[level]!;
    const cell = level === 0 ? point : point - 64;
    const at = [stride / 2 + stride * (cell % width), stride / 2 + stride * Math.floor(cell / width)];
    expect(of('locations_I2').slice(2 * i, 2 * i + 2)).toEqual(at);
  }
  expect(of('classes_BP').filter((label) => label >= 0)).toHaveLength(all.length);
});

test('without room, and without an object, shapes are the same', () => {
  const room = 4;
  const choose = (positives: readonly Positive[]) => someOf(positives.length, room, Rng.fromSeed(2));
  const full = instanceTargets(objects, levels, { ranges: FCOS_RANGES, room, choose });
  const none = instanceTargets(
    { ...objects, labels_BN: { ...objects.labels_BN, data: Int32Array.of(-1, -1, -1, -1) } },
    levels,
    { ranges: FCOS_RANGES, room, choose },
  );
  expect([...full['real_I']!.data]).toEqual([1, 1, 1, 1]);
  expect([...none['real_I']!.data]).toEqual([0, 0, 0, 0]);
  for (const [name, { shape }] of Object.entries(full)) expect(none[name]!.shape).toEqual(shape);
});

test('some of many are drawn without repetition, all of few are taken', () => {
  const some = someOf(100, 7, Rng.fromSeed(1));
  expect(new Set(some).size).toBe(7);
  expect([...some]).toEqual([...some].sort((a, b) => a - b));
  expect(someOf(100, 7, Rng.fromSeed(3))).not.toEqual(some);
  expect([...someOf(3, 7, Rng.fromSeed(1))]).toEqual([0, 1, 2]);
});
