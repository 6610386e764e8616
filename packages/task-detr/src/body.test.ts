// DETR on a small backbone against the public implementation: predictions, losses and all gradients.

import { cpu } from '@ma-net/backend-cpu';
import { defineNetwork, Rng, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { expectNear, fixture, oracle, type Rows, together } from '../test/fixtures.ts';
import { detrBody, outputsOf } from './body.ts';
import { setLoss } from './set-loss.ts';
import { matchSet } from './set-match.ts';

const reference = await oracle('detr');
const { tiny } = fixture<{
  readonly tiny: {
    readonly targets: readonly { readonly labels: readonly number[]; readonly boxes: Rows }[];
    readonly losses: Readonly<Record<string, number>>;
    readonly total: number;
    readonly parameters: number;
    readonly gradient_norm: number;
    readonly valid_hw: Rows;
  };
}>('detr');

const network = defineNetwork('tiny', { images: [24, 32, 3], sizes: [2] }, (net, { images, sizes }) => {
  const map = net.relu(
    net.conv('backbone.conv', images, { out: 5, kernel: 4, stride: 4, pad: 0, bias: true }),
  );
  const options = { width: 16, heads: 2, feedForward: 32, dropout: 0, classes: 5, queries: 6 };
  return outputsOf(detrBody(net, { map, images, sizes }, { ...options, encoderLayers: 2, decoderLayers: 2 }));
});

const weights = { class: 1, l1: 5, giou: 2 };
const classification = { kind: 'softmax', noObject: 0.1 } as const;

beforeAll(async () => {
  await startBackend(cpu);
});

const inputs = () => ({
  images: reference.tensor('tiny/images'),
  sizes: tf.tensor2d(tiny.valid_hw as number[][], [2, 2], 'int32'),
});

test('has the parameters of the reference', () => {
  const params = reference.parameters('tiny/w/');
  expect(Object.fromEntries(network.parameters.map(({ name, shape }) => [name, [...shape]]))).toEqual(
    Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, shape])),
  );
  expect(Object.values(params).reduce((sum, { size }) => sum + size, 0)).toBe(tiny.parameters);
});

test('predictions, losses and gradients', async () => {
  const params = reference.parameters('tiny/w/');
  const { outputs } = network.forward(params, {}, inputs(), { training: false });
  expect(Object.keys(outputs)).toEqual(['layer0.logits', 'layer0.boxes', 'logits', 'boxes']);
  const read = async (name: string): Promise<Float32Array> => (await outputs[name]!.data()) as Float32Array;
  for (const [ours, theirs] of [
    ['logits', 'logits'],
    ['boxes', 'boxes'],
    ['layer0.logits', 'aux_logits'],
    ['layer0.boxes', 'aux_boxes'],
  ] as const)
    expectNear(await read(ours), reference.numbers(`tiny/${theirs}`), 1e-5);

  const queries: number[][][] = [];
  const classes: number[][][] = [];
  for (const name of ['layer0.', '']) {
    const [logits, boxes] = [await read(`${name}logits`), await read(`${name}boxes`)];
    const matched = tiny.targets.map((target, b) =>
      matchSet(
        { logits: logits.subarray(b * 36, b * 36 + 36), boxes: boxes.subarray(b * 24, b * 24 + 24) },
        { labels: target.labels, boxes: target.boxes.flat() },
        { costs: weights, classification },
      ),
    );
    queries.push(matched.map((match) => [...match, -1, -1].slice(0, 3)));
    classes.push(
      matched.map((match, b) => {
        const of = Array<number>(6).fill(5);
        match.forEach((query, n) => (of[query] = tiny.targets[b]!.labels[n]!));
        return of;
      }),
    );
  }
  const targets = {
    boxes_BN4: tf.tensor3d(
      tiny.targets.map(({ boxes }) => [...boxes, [0, 0, 0, 0], [0, 0, 0, 0]].slice(0, 3) as number[][]),
    ),
    labels_BN: tf.tensor2d(
      tiny.targets.map(({ labels }) => [...labels, -1, -1].slice(0, 3)),
      [2, 3],
      'int32',
    ),
    queries_LBN: tf.tensor3d(queries, [2, 2, 3], 'int32'),
    classes_LBQ: tf.tensor3d(classes, [2, 2, 6], 'int32'),
  };
  const { aux, grads } = valueAndGrad(
    (given) => {
      const made = network.forward(given, {}, inputs(), { training: true }).outputs;
      const layers = ['layer0.', ''].map((name) => ({
        logits: made[`${name}logits`]!,
        boxes: made[`${name}boxes`]!,
      }));
      const terms = setLoss(layers, targets, { classification, weights });
      return { value: terms.loss, aux: terms };
    },
    params,
    Object.keys(params),
  );
  const terms = aux as Readonly<Record<string, tf.Scalar>>;
  for (const [ours, expected] of [
    ['loss', tiny.total],
    ['class', tiny.losses['loss_ce']!],
    ['l1', tiny.losses['loss_bbox']!],
    ['giou', tiny.losses['loss_giou']!],
    ['classError', tiny.losses['class_error']! / 100],
    ['cardinalityError', tiny.losses['cardinality_error']!],
  ] as const)
    expectNear(await terms[ours]!.data(), [expected], 1e-5);
  const joint = together(grads);
  const files = reference.names.filter((name) => name.startsWith('tiny/grad_w/'));
  expect(files.length).toBe(Object.keys(joint).length);
  let square = 0;
  for (const file of files) {
    const found = await joint[file.slice('tiny/grad_w/'.length)]!.data();
    expectNear(found, reference.numbers(file), 1e-4);
    square += Array.from(found).reduce((sum, x) => sum + x * x, 0);
  }
  expectNear([Math.sqrt(square)], [tiny.gradient_norm], 1e-5);
});

test('what lies beyond an image changes nothing of it', async () => {
  const [height, width] = [6, 8];
  const behind = defineNetwork(
    'behind',
    { images: [24, 32, 3], map: [height, width, 5], sizes: [2] },
    (net, inputs) => {
      const options = { width: 16, heads: 2, feedForward: 32, dropout: 0, classes: 5, queries: 6 };
      return outputsOf(detrBody(net, inputs, { ...options, encoderLayers: 2, decoderLayers: 2 }));
    },
  );
  const params = reference.parameters('tiny/w/');
  const sizes = tf.tensor2d([24, 32, 15, 26], [2, 2]);
  const found = async (filled: number): Promise<number[]> => {
    const rng = Rng.fromSeed(3);
    const map = rng.normals(2 * height * width * 5, 1).map((value, i) => {
      const [column, row] = [Math.floor(i / 5) % width, Math.floor(i / (5 * width)) % height];
      // Rows from 16 and columns from 28 on, of the second image.
      return i >= height * width * 5 && (row >= 4 || column >= 7) ? filled : value;
    });
    const given = { images: tf.zeros([2, 24, 32, 3]), map: tf.tensor(map, [2, height, width, 5]), sizes };
    const { outputs } = behind.forward(params, {}, given, { training: false });
    return [...(await outputs['logits']!.data()), ...(await outputs['boxes']!.data())];
  };
  const plain = await found(0);
  expectNear(await found(7), plain, 1e-6);
  const other = behind.forward(
    params,
    {},
    {
      images: tf.zeros([1, 24, 32, 3]),
      map: tf.ones([1, height, width, 5]),
      sizes: tf.tensor2d([16, 26], [1, 2]),
    },
    { training: false },
  ).outputs;
  // Without sizes all of it is the image.
  const whole = behind.forward(
    params,
    {},
    { images: tf.zeros([1, 24, 32, 3]), map: tf.ones([1, height, width, 5]) } as never,
    { training: false },
  ).outputs;
  const full = behind.forward(
    params,
    {},
    {
      images: tf.zeros([1, 24, 32, 3]),
      map: tf.ones([1, height, width, 5]),
      sizes: tf.tensor2d([24, 32], [1, 2]),
    },
    { training: false },
  ).outputs;
  expectNear(await whole['logits']!.data(), [...(await full['logits']!.data())], 1e-6);
  expect([...(await other['logits']!.data())]).not.toEqual([...(await full['logits']!.data())]);
});
