// The task: what its network is fed, what is decided on the host, and what comes out.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import {
  backpropagate,
  evaluate,
  type HostTensor,
  type Network,
  Rng,
  startBackend,
  type Task,
} from '@ma-net/core';
import type { CocoBatch } from '@ma-net/data-coco';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hostBatch, type Thing, uploaded } from '../test/batches.ts';
import { expectNear, fixture, type Rows } from '../test/fixtures.ts';
import { smallDetr, smallDynamicDetr } from '../test/networks.ts';
import { detr, namedQueries } from './detr.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const things: readonly (readonly Thing[])[] = [
  [
    { label: 2, box: [2, 1, 10, 9] },
    { label: 0, box: [12, 4, 20, 14] },
  ],
  [],
  [{ label: 1, box: [0, 0, 8, 12] }],
];
const sizes = [
  [16, 24],
  [16, 20],
  [12, 24],
] as const;

const focal = { kind: 'focal', alpha: 0.25, gamma: 2 } as const;
const tasks = {
  DETR: () => detr(smallDetr() as unknown as Network),
  'Dynamic DETR': () =>
    detr(smallDynamicDetr() as unknown as Network, {
      classification: focal,
      costs: { class: 2, l1: 5, giou: 2 },
      weights: { class: 2, l1: 5, giou: 2 },
    }),
} as const;

async function step(task: Task<CocoBatch>, batch: CocoBatch) {
  const { params: start, stats } = task.network.init(Rng.fromSeed(4));
  // Away from the zeros that biases start with, which stop gradients.
  const params = Object.fromEntries(
    Object.entries(start).map(([name, x]) => [
      name,
      tf.add(x, tf.tensor(Rng.fromSeed(5).split(name).normals(x.size, 0.05), x.shape)),
    ]),
  );
  const made = await backpropagate({
    task,
    batch,
    stats,
    ctx: { training: true },
    values: params,
    names: Object.keys(params),
    forward: (given) => ({ params: given, aux: {} }),
  });
  const terms = Object.fromEntries(
    await Promise.all(
      Object.entries(made.terms).map(async ([name, x]) => [name, (await x.data())[0]!] as const),
    ),
  );
  const grads = Object.fromEntries(
    await Promise.all(
      Object.entries(made.grads).map(async ([name, x]) => [name, [...(await x.data())]] as const),
    ),
  );
  return { terms, grads };
}

describe.each(Object.keys(tasks) as (keyof typeof tasks)[])('%s', (name) => {
  test('a training step gives every parameter a gradient, on onnx as on cpu', async () => {
    const expected = await step(tasks[name](), uploaded(hostBatch(things, sizes)));
    await startBackend(onnx);
    const found = await step(tasks[name](), uploaded(hostBatch(things, sizes)));
    await startBackend(cpu);
    for (const [term, value] of Object.entries(expected.terms)) {
      expect(Number.isFinite(value)).toBe(true);
      expectNear([found.terms[term]!], [value], 1e-4);
    }
    for (const [param, grad] of Object.entries(expected.grads)) {
      expect([param, grad.every(Number.isFinite)]).toEqual([param, true]);
      expectNear(found.grads[param]!, grad, 2e-3);
    }
    const untouched = Object.entries(expected.grads).filter(([, grad]) => grad.every((x) => x === 0));
    // The first layer of DETR's decoder looks at zeros. On images so small every box belongs to the finest level of a
    // pyramid, which has none below it; and a ReLU of a few channels may be dead for all images.
    const idle = /decoder\.layers\.0\.self_attn\.[qkv]\.|\.low\.|relu\.fc/;
    expect(untouched.map(([param]) => param).filter((param) => !idle.test(param))).toEqual([]);
  });

  test('images without any object are trained on, and terms are numbers', async () => {
    const { terms } = await step(tasks[name](), uploaded(hostBatch([[], []], sizes.slice(0, 2))));
    expect(terms['l1']).toBe(0);
    expect(terms['loss']).toBeGreaterThan(0);
  });

  test('losses fall while it learns three images by heart', async () => {
    const task = tasks[name]();
    const batch = uploaded(hostBatch(things, sizes));
    const { params: start, stats } = task.network.init(Rng.fromSeed(4));
    const params: Record<string, tf.Tensor> = { ...start };
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const { terms, grads } = await backpropagate({
        task,
        batch,
        stats,
        ctx: { training: true },
        values: params,
        names: Object.keys(params),
        forward: (given) => ({ params: given, aux: {} }),
      });
      losses.push((await terms.loss.data())[0]!);
      for (const [param, grad] of Object.entries(grads))
        params[param] = tf.tidy(() => tf.sub(params[param]!, tf.mul(tf.sign(grad), 5e-3)));
    }
    expect(losses.at(-1)!).toBeLessThan(0.95 * losses[0]!);
  });

  test('measures COCO numbers of a test set', async () => {
    const task = tasks[name]();
    const { params, stats } = task.network.init(Rng.fromSeed(4));
    const measures = await evaluate(task, { params, stats }, [uploaded(hostBatch(things, sizes))]);
    expect(measures[task.headline.measure]).toBeGreaterThanOrEqual(0);
    expect(Object.keys(measures)).toContain('AP50');
  });
});

test('what is decided: a query of its own for every object, in each layer', async () => {
  const task = detr(smallDetr() as unknown as Network);
  const { assign } = task;
  expect(assign!.outputs).toEqual(['layer0.logits', 'layer0.boxes', 'logits', 'boxes']);
  const rng = Rng.fromSeed(8);
  const drawn = (shape: readonly number[]): HostTensor => ({
    shape,
    dtype: 'float32',
    data: rng.uniforms(
      shape.reduce((a, b) => a * b, 1),
      0.2,
      0.8,
    ),
  });
  const outputs = Object.fromEntries(
    assign!.outputs.map((output) => [output, drawn([3, 5, output.endsWith('logits') ? 4 : 4])]),
  );
  const decided = await assign!.decide(outputs, uploaded(hostBatch(things, sizes)), { training: true });
  const queries = [...decided['queries_LBN']!.data];
  const classes = [...decided['classes_LBQ']!.data];
  for (const [at, count] of [2, 0, 1, 2, 0, 1].entries()) {
    const row = queries.slice(4 * at, 4 * at + 4);
    expect(row.slice(count)).toEqual(Array(4 - count).fill(-1));
    expect(new Set(row.slice(0, count)).size).toBe(count);
    const labels = things[at % 3]!.map(({ label }) => label);
    const expected = Array<number>(5).fill(3);
    row.slice(0, count).forEach((query, n) => (expected[query] = labels[n]!));
    expect(classes.slice(5 * at, 5 * at + 5)).toEqual(expected);
  }
  // The second object of the first image is 8 x 10 pixels around (16, 9) of 24 x 16.
  expectNear([...decided['parts_BN4']!.data].slice(4, 8), [16 / 24, 9 / 16, 8 / 24, 10 / 16]);
  // The only one of the third, whose last four rows are padding.
  expectNear([...decided['parts_BN4']!.data].slice(32, 36), [4 / 24, 6 / 12, 8 / 24, 12 / 12]);
});

test('detections are those of the public code, cut off at the border and in order', () => {
  const { postprocess } = fixture<{
    readonly postprocess: {
      readonly logits: readonly Rows[];
      readonly boxes_cxcywh: readonly Rows[];
      readonly sizes_hw: readonly (readonly [number, number])[];
      readonly results: readonly {
        readonly scores: readonly number[];
        readonly labels: readonly number[];
        readonly boxes: Rows;
      }[];
    };
  }>('detr');
  const { logits, boxes_cxcywh: boxes, sizes_hw, results } = postprocess;
  const tensor = (rows: readonly Rows[]): HostTensor => ({
    shape: [rows.length, rows[0]!.length, rows[0]![0]!.length],
    dtype: 'float32',
    data: Float32Array.from(rows.flat(2)),
  });
  const originals_B2 = { shape: [2, 2], dtype: 'int32', data: Int32Array.from(sizes_hw.flat()) } as const;
  const network = smallDetr({ classes: 5, queries: 6 }) as unknown as Network;
  const found = detr(network).decode({ logits: tensor(logits), boxes: tensor(boxes) }, { originals_B2 });
  results.forEach((expected, b) => {
    const order = expected.scores.map((_, i) => i).sort((i, j) => expected.scores[j]! - expected.scores[i]!);
    expectNear(
      found[b]!.scores,
      order.map((i) => expected.scores[i]!),
    );
    expect([...found[b]!.labels]).toEqual(order.map((i) => expected.labels[i]!));
    const [height, width] = sizes_hw[b]!;
    const cut = order.flatMap((i) =>
      expected.boxes[i]!.map((side, k) => Math.min(Math.max(side, 0), k % 2 === 0 ? width : height)),
    );
    expectNear(found[b]!.boxes, cut);
  });
  const [few] = detr(network, { detections: 2 }).decode(
    { logits: tensor(logits), boxes: tensor(boxes) },
    { originals_B2 },
  );
  expect(few!.labels).toEqual(found[0]!.labels.slice(0, 2));
});

test('with a logit for each class every class of a query may be a detection', () => {
  const named = namedQueries([0, 2, -1, -3, 1, 0], 2, { kind: 'focal' });
  expect(named.map(({ query, label }) => [query, label])).toEqual([
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 0],
    [1, 1],
    [1, 2],
  ]);
  expectNear(
    named.map(({ score }) => score),
    [0, 2, -1, -3, 1, 0].map((x) => 1 / (1 + Math.exp(-x))),
  );
});

test('a network that says something else is refused', () => {
  const network = smallDetr() as unknown as Network;
  const refused = (text: string): unknown =>
    expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining(text) as string });
  expect(() => detr(network.withOutputs(['boxes']))).toThrow(refused('to boxes'));
  const odd = { ...network, outputs: network.outputs.map((o) => ({ ...o, shape: [5, 3] })) };
  expect(() => detr(odd)).toThrow(refused('its boxes [5, 3]'));
});
