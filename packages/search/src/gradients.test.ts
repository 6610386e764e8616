import { cpu } from '@ma-net/backend-cpu';
import { type Batch, crossEntropy, type Params, Rng, startBackend, type Task } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { adamStep, freshAlphas, readTable, startAdam, weightsOf } from './architecture.ts';
import { firstOrder, gradients, type Place, secondOrder, twoParts } from './gradients.ts';
import { supernet } from './supernet.ts';

beforeAll(async () => {
  await startBackend(cpu);
});

const network = supernet(
  's',
  { space: 'nas-bench-201', channels: 2, layers: 1 },
  { numClasses: 3, inputShape: [8, 8, 1] },
);
const { space } = network;
const task: Task<Batch> = {
  name: 'tiny',
  network,
  headline: { measure: 'loss', better: 'smaller' },
  inputs: ({ images }) => ({ images: images! }),
  loss: ({ logits }, { labels }) => ({ loss: crossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D) }),
  decode: () => [],
  meter: () => ({ add: () => undefined, result: () => ({}) }),
};
const batchOf = (seed: number, size = 6): Batch => ({
  images: tf.tensor4d(Rng.fromSeed(seed).normals(size * 64, 1), [size, 8, 8, 1]),
  labels: tf.tensor1d(
    Int32Array.from({ length: size }, (_, i) => i % 3),
    'int32',
  ),
});
const place = (seed: number): Place<Batch> => ({
  task,
  space,
  ...network.init(Rng.fromSeed(seed)),
  alphas: { cell: tf.tensor2d(Rng.fromSeed(seed).split('a').normals(30, 0.5), [6, 5]) },
  weigh: (alphas) => weightsOf(space, alphas),
  ctx: { training: true },
});
/** The loss, in the middle of the tape of nobody. */
const lossAt = (p: Place<Batch>, batch: Batch): number =>
  tf.tidy(() => {
    const given: Params = { ...p.params, ...p.weigh(p.alphas) };
    const { outputs } = network.forward(given, p.stats, task.inputs(batch), p.ctx);
    return task.loss(outputs, batch, p.ctx).loss.dataSync()[0]!;
  });
const moved = (p: Place<Batch>, by: tf.Tensor, step: number): Place<Batch> => ({
  ...p,
  alphas: { cell: tf.add(p.alphas['cell']!, tf.mul(by, step)) },
});
const slopeOf = (g: tf.Tensor, along: tf.Tensor): number => tf.sum(tf.mul(g, along)).dataSync()[0]!;

describe('the gradient of the architecture', () => {
  test('of first order is the slope of the loss', async () => {
    const p = place(1);
    const batch = batchOf(2);
    const { alphas, loss } = await firstOrder(p, batch);
    expect(loss.dataSync()[0]).toBeCloseTo(lossAt(p, batch), 5);
    // Along itself, and along the first row alone.
    const row = tf.pad(tf.slice(alphas['cell'] as tf.Tensor2D, [0, 0], [1, 5]), [
      [0, 5],
      [0, 0],
    ]);
    for (const along of [alphas['cell']!, row]) {
      const unit = tf.div(along, tf.norm(along));
      const apart = (lossAt(moved(p, unit, 0.03), batch) - lossAt(moved(p, unit, -0.03), batch)) / 0.06;
      const found = slopeOf(alphas['cell']!, unit);
      expect(Math.abs(found - apart)).toBeLessThan(0.08 * Math.abs(apart));
    }
  });

  test('of second order is the slope of the loss after a step of W', async () => {
    const p = place(3);
    const [weights, held] = [batchOf(4), batchOf(5)];
    const xi = 0.2;
    const ahead = async (q: Place<Batch>): Promise<number> => {
      const { params } = await gradients(q, weights, 'params');
      const next = Object.fromEntries(
        Object.entries(q.params).map(([name, w]) => [name, tf.sub(w, tf.mul(params[name]!, xi))]),
      );
      return lossAt({ ...q, params: next }, held);
    };
    const second = await secondOrder(p, { weights, alphas: held, xi });
    const first = await firstOrder(p, held);
    expect(second.loss.dataSync()[0]).toBeCloseTo(await ahead(p), 5);
    const unit = tf.div(second.alphas['cell']!, tf.norm(second.alphas['cell']!));
    const apart = ((await ahead(moved(p, unit, 0.02))) - (await ahead(moved(p, unit, -0.02)))) / 0.04;
    const [found, ignored] = [slopeOf(second.alphas['cell']!, unit), slopeOf(first.alphas['cell']!, unit)];
    expect(Math.abs(found - apart)).toBeLessThan(0.05 * Math.abs(apart));
    // What W will do matters: without it the slope is another.
    expect(Math.abs(ignored - apart)).toBeGreaterThan(Math.abs(found - apart));
  });

  test('leaves nothing behind', async () => {
    const p = place(6);
    const batch = {
      images: tf.concat([batchOf(1)['images']!, batchOf(2)['images']!]),
      labels: tf.concat([batchOf(1)['labels']!, batchOf(2)['labels']!]),
    };
    const before = tf.memory().numTensors;
    const [weights, alphas] = twoParts(batch);
    expect(weights['images']!.shape).toEqual([6, 8, 8, 1]);
    for (const made of [await firstOrder(p, alphas), await secondOrder(p, { weights, alphas, xi: 0.1 })])
      tf.dispose(made as unknown as tf.TensorContainer);
    tf.dispose([weights, alphas] as unknown as tf.TensorContainer);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('alphas start small, and move as Adam moves them', async () => {
  const section = startAdam(space, Rng.fromSeed(1));
  const fresh = freshAlphas(space, Rng.fromSeed(1));
  const before = (await readTable(space, section))['cell']!;
  expect((await readTable(space, fresh))['cell']).toEqual(before);
  expect(Math.max(...before.flat().map(Math.abs))).toBeLessThan(0.005);
  const options = { learningRate: 0.1, beta1: 0.5, beta2: 0.999, weightDecay: 0.01 };
  const g = before.map((row, e) => row.map((_, o) => Math.sin(e * 5 + o + 1)));
  const grads = { cell: tf.tensor2d(g) };
  const once = adamStep(space, section, grads, options);
  const twice = adamStep(space, once, grads, options);
  const expected = before.map((row, e) =>
    row.map((alpha, o) => {
      let [m, v, x] = [0, 0, alpha];
      for (const t of [1, 2]) {
        const d = g[e]![o]! + options.weightDecay * x;
        m = 0.5 * m + 0.5 * d;
        v = 0.999 * v + 0.001 * d * d;
        x -= (0.1 * (m / (1 - 0.5 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
      }
      return expect.closeTo(x, 4) as number;
    }),
  );
  expect((await readTable(space, twice))['cell']).toEqual(expected);
});
