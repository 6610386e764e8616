// FCOS as a task, against AdelaiDet: losses and detections of the same maps.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cpu } from '@ma-net/backend-cpu';
import { backpropagate, defineNetwork, evaluate, type Network, Rng, startBackend } from '@ma-net/core';
import { readSafetensors } from '@ma-net/core/node';
import type { CocoBatch } from '@ma-net/data-coco';
import { scenes } from '@ma-net/data-coco/parts';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { fcosTask } from './fcos.ts';
import { fcosNetwork } from './network.ts';

beforeAll(() => startBackend(cpu));

interface Image {
  readonly losses: Readonly<Record<string, number>>;
  readonly ground_truth: readonly {
    readonly boxes: readonly number[][];
    readonly classes: readonly number[];
  }[];
  readonly detections: readonly {
    readonly boxes: readonly number[][];
    readonly scores: readonly number[];
    readonly classes: readonly number[];
  }[];
}
const path = (file: string): string => fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
const image = JSON.parse(readFileSync(path('image.json'), 'utf8')) as Image;
const { tensors: head } = await readSafetensors(path('head.safetensors'));
const [HEIGHT, WIDTH, ROOM] = [128, 160, 6];
const narrow = {
  classes: 3,
  body: { block: 'basic', depths: [1, 1, 1, 1], width: 2, stem: 'imagenet', norm: 'batch' },
  width: 4,
  beyond: 'convolutions',
  convolutions: 1,
  groupWidth: 2,
} as const;
const network = fcosNetwork('fcos', [HEIGHT, WIDTH, 3], narrow);

/** Objects of the reference's two images. */
function batch(): CocoBatch {
  const rows = image.ground_truth.map(({ boxes }) => [...boxes, ...Array<number[]>(ROOM).fill([0, 0, 0, 0])]);
  const labels = image.ground_truth.map(({ classes }) => [...classes, ...Array<number>(ROOM).fill(-1)]);
  const size = [
    [HEIGHT, WIDTH],
    [HEIGHT, WIDTH],
  ];
  return {
    images_BHWC: tf.zeros([2, HEIGHT, WIDTH, 3]),
    boxes_BN4: tf.tensor3d(rows.map((own) => own.slice(0, ROOM))),
    labels_BN: tf.tensor2d(
      labels.map((own) => own.slice(0, ROOM)),
      undefined,
      'int32',
    ),
    sizes_B2: tf.tensor2d(size, undefined, 'int32'),
    originals_B2: tf.tensor2d(size, undefined, 'int32'),
    indices_B: tf.tensor1d([0, 1], 'int32'),
  };
}

const host = Object.fromEntries(
  Object.entries(head).map(([name, { shape, data }]) => [
    name.slice('head/'.length).replace('/', '.'),
    { shape, dtype: 'float32' as const, data: data as Float32Array },
  ]),
);

test('losses are those of the reference', async () => {
  const task = fcosTask(network);
  const given = batch();
  const assigned = await task.assign!.decide({}, given, { training: true });
  const upload = (of: typeof host) =>
    Object.fromEntries(
      Object.entries(of).map(([name, { shape, data, dtype }]) => [name, tf.tensor(data, [...shape], dtype)]),
    );
  const targets = Object.fromEntries(
    Object.entries(assigned).map(([name, { shape, data, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
  const terms = task.loss(upload(host), { ...given, ...targets }, { training: true });
  for (const name of ['cls', 'loc', 'ctr'])
    expect((await terms[name]!.data())[0]).toBeCloseTo(image.losses[`loss_fcos_${name}`]!, 5);
  expect((await terms.loss.data())[0]).toBeCloseTo(2.46750197, 4);
});

test('detections are those of the reference, in the image that was resized', async () => {
  const task = fcosTask(network);
  const int = (shape: number[], data: number[]) => ({
    shape,
    dtype: 'int32' as const,
    data: Int32Array.from(data),
  });
  const found = task.decode(host, {
    sizes_B2: int([2, 2], [HEIGHT, WIDTH, HEIGHT, WIDTH]),
    originals_B2: int([2, 2], [HEIGHT, WIDTH, 2 * HEIGHT, 3 * WIDTH]),
    indices_B: int([2], [0, 1]),
  });
  for (const [b, { boxes, scores, classes }] of image.detections.entries()) {
    expect(found[b]!.scores.length).toBe(scores.length);
    expect([...found[b]!.labels]).toEqual(classes);
    const [down, across] = b === 0 ? [1, 1] : [2, 3];
    const clipped = boxes.flatMap(([x0, y0, x1, y1]) => [
      Math.min(Math.max(x0!, 0), WIDTH) * across,
      Math.min(Math.max(y0!, 0), HEIGHT) * down,
      Math.min(Math.max(x1!, 0), WIDTH) * across,
      Math.min(Math.max(y1!, 0), HEIGHT) * down,
    ]);
    clipped.forEach((value, i) => expect(Math.abs(found[b]!.boxes[i]! - value)).toBeLessThan(2e-3));
    scores.forEach((score, i) => expect(found[b]!.scores[i]).toBeCloseTo(score, 5));
  }
  const filler = task.decode(host, {
    sizes_B2: int([2, 2], [HEIGHT, WIDTH, HEIGHT, WIDTH]),
    originals_B2: int([2, 2], [HEIGHT, WIDTH, HEIGHT, WIDTH]),
    indices_B: int([2], [0, -1]),
  });
  expect(filler[1]!.scores).toHaveLength(0);
});

test('all weights learn on scenes, and what they say is measured', async () => {
  const data = await scenes.open(
    scenes.schema.parse({ train: 4, test: 2, sides: [64, 64], digit: [16, 40] }),
  );
  const small = fcosNetwork('fcos', [64, 64, 3], { ...narrow, classes: 10, beyond: 'none' });
  const task = fcosTask(small, { ranges: [12, 20] });
  const { params, stats } = small.init(Rng.fromSeed(0));
  const source = await data.open({ batchSize: 2, rng: Rng.fromSeed(0) });
  const { terms, grads } = await backpropagate({
    task,
    batch: await source.next(),
    stats,
    ctx: { training: true },
    values: params,
    names: Object.keys(params),
    forward: (given) => ({ params: given, aux: {} }),
  });
  expect(Object.keys(terms).sort()).toEqual(['cls', 'ctr', 'loc', 'loss']);
  for (const [name, grad] of Object.entries(grads))
    expect([name, (await tf.sum(tf.abs(grad)).data())[0]! > 0]).toEqual([name, true]);
  const measures = await evaluate(task, { params, stats }, data.testBatches(2));
  expect(measures['AP']).toBeGreaterThanOrEqual(0);
});

test('a network without the maps of FCOS is refused', () => {
  const other = defineNetwork('other', { images: [32, 32, 3] }, (net, { images }) => ({
    logits: net.dense('fc', net.flatten(images), { out: 3 }),
  }));
  expect(() => fcosTask(other as unknown as Network)).toThrow(
    expect.objectContaining({
      code: 'shape-mismatch',
      message: expect.stringContaining('"other" gives logits') as string,
    }),
  );
});
