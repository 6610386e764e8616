import {
  backpropagate,
  crossEntropy,
  defineNetwork,
  evaluate as measure,
  type ForwardContext,
  type Params,
  Rng,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { createStream, evaluationBatches, type ImageBatch, tensorBatches, toTensors } from '@ma-net/data';
import { digits } from '@ma-net/data/node';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { classesOf, classification } from './classification.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

const { train, test: held } = await digits({ trainLimit: 64, testLimit: 30 });

const network = (classes: number) =>
  defineNetwork('tiny', { images: [8, 8, 1] }, (net, { images }) => {
    const x = net.relu(net.batchNorm('bn', net.conv('conv', images, { out: 4, kernel: 3, stride: 2 })));
    return { logits: net.dense('fc', net.globalAveragePool(x), { out: classes }) };
  });
const ten = network(10);
const setUp = (seed: number) => {
  const { params, stats } = ten.init(Rng.fromSeed(seed));
  const batch = toTensors(createStream(train, { batchSize: 8, rng: Rng.fromSeed(seed) }).next());
  return { params, stats, batch };
};

/** The terms of a task on what its network makes of a batch. */
function lossOf(
  task: ReturnType<typeof classification>,
  { params, stats, batch }: { readonly params: Params; readonly stats: Params; readonly batch: ImageBatch },
  ctx: ForwardContext,
) {
  const { outputs } = task.network.forward(params, stats, task.inputs(batch), ctx);
  return task.loss(outputs, batch, ctx);
}

describe('loss', () => {
  test.each([0, 1])('is the cross-entropy of the forward pass, seed %i', (seed) => {
    const { params, stats, batch } = setUp(seed);
    for (const labelSmoothing of [0, 0.1]) {
      const task = classification(ten, { labelSmoothing });
      const { loss, top1 } = lossOf(task, { params, stats, batch }, { training: true });
      const { logits } = ten.forward(
        params,
        stats,
        { images: batch.images_BHWC },
        { training: true },
      ).outputs;
      expect(loss.dataSync()[0]).toBeCloseTo(
        crossEntropy(logits, batch.labels_B, labelSmoothing).dataSync()[0]!,
        6,
      );
      const labels = batch.labels_B.dataSync();
      const best = tf.argMax(logits, -1).dataSync();
      const hits = best.filter((k, b) => k === labels[b]).length;
      expect(top1!.dataSync()[0]).toBeCloseTo(hits / 8, 6);
    }
  });

  test('of mixed images is shared between their labels', () => {
    const { params, stats, batch } = setUp(3);
    const reversed_B = tf.reverse(batch.labels_B) as tf.Tensor1D;
    const oneHot = (labels_B: tf.Tensor1D) => tf.oneHot(labels_B, 10, 1, 0, 'float32');
    const targets_BK = tf.add(
      tf.mul(oneHot(batch.labels_B), 0.7),
      tf.mul(oneHot(reversed_B), 0.3),
    ) as tf.Tensor2D;
    const task = classification(ten, { labelSmoothing: 0.1 });
    const of = (mini: ImageBatch) =>
      lossOf(task, { params, stats, batch: mini }, { training: true }).loss.dataSync()[0]!;
    const expected = 0.7 * of(batch) + 0.3 * of({ ...batch, labels_B: reversed_B });
    expect(of({ ...batch, targets_BK })).toBeCloseTo(expected, 5);
  });

  test.each([0, 1])('has a gradient that fits central differences, seed %i', async (seed) => {
    // Smooth: where an activation has a kink, differences say nothing.
    const smooth = defineNetwork('smooth', { images: [8, 8, 1] }, (net, { images }) => {
      const x = net.batchNorm('bn', net.conv('conv', images, { out: 4, kernel: 3, stride: 2 }));
      return { logits: net.dense('fc', net.flatten(x), { out: 10 }) };
    });
    const { params, stats } = smooth.init(Rng.fromSeed(seed));
    const { batch } = setUp(seed);
    const task = classification(smooth, { labelSmoothing: 0.1 });
    const { grads, terms } = await backpropagate({
      task,
      batch,
      stats,
      ctx: { training: true },
      values: params,
      names: Object.keys(params),
      forward: (w) => ({ params: w, aux: {} }),
    });
    expect(Object.keys(terms).toSorted()).toEqual(['loss', 'top1']);
    const rng = Rng.fromSeed(seed);
    for (const [name, tensor] of Object.entries(params)) {
      const direction = tf.tensor(rng.normals(tensor.size, 1), tensor.shape);
      const at = (step: number) => {
        const moved = { ...params, [name]: tf.add(tensor, tf.mul(direction, step)) };
        return lossOf(task, { params: moved, stats, batch }, { training: true }).loss.dataSync()[0]!;
      };
      const slope = tf.sum(tf.mul(grads[name]!, direction)).dataSync()[0]!;
      expect((at(2e-3) - at(-2e-3)) / 4e-3, name).toBeCloseTo(slope, 2);
      expect(Math.abs(slope), name).toBeGreaterThan(0.01);
    }
  });

  test('allocates its results and nothing else', () => {
    const { params, stats, batch } = setUp(4);
    const task = classification(ten);
    const { outputs } = ten.forward(params, stats, task.inputs(batch), { training: true });
    const before = tf.memory().numTensors;
    const terms = task.loss(outputs, batch, { training: true });
    // One loss and one term.
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose(terms);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('evaluate', () => {
  const evaluate = (batchSize: number, task = classification(ten)) => {
    const { params, stats } = ten.init(Rng.fromSeed(5));
    return measure(task, { params, stats }, tensorBatches(evaluationBatches(held, batchSize)));
  };

  test('averages over images, not batches, and ignores padding', async () => {
    const whole = await evaluate(30);
    expect(Object.keys(whole)).toEqual(['top1', 'top5', 'loss']);
    for (const batchSize of [1, 7, 64]) {
      const measures = await evaluate(batchSize);
      expect(measures['top1']).toBe(whole['top1']);
      expect(measures['top5']).toBe(whole['top5']);
      expect(measures['loss']).toBeCloseTo(whole['loss']!, 6);
    }
  });

  test('measures the plain cross-entropy with running statistics, whatever the smoothing', async () => {
    const { params, stats } = ten.init(Rng.fromSeed(5));
    const [batch] = tensorBatches(evaluationBatches(held, 30));
    const { logits } = ten.forward(
      params,
      stats,
      { images: batch!.images_BHWC },
      { training: false },
    ).outputs;
    const expected = crossEntropy(logits, batch!.labels_B).dataSync()[0]!;
    expect((await evaluate(30, classification(ten, { labelSmoothing: 0.1 })))['loss']).toBeCloseTo(
      expected,
      5,
    );
  });

  test('disposes every batch, leaves weights and statistics, and reads nothing synchronously', async () => {
    const { params, stats } = ten.init(Rng.fromSeed(6));
    const values = () => Object.values({ ...params, ...stats }).map((tensor) => [...tensor.dataSync()]);
    const before = { tensors: tf.memory().numTensors, values: values() };
    const dataSync = vi.spyOn(tf.Tensor.prototype, 'dataSync');
    await measure(classification(ten), { params, stats }, tensorBatches(evaluationBatches(held, 8)));
    expect(dataSync).not.toHaveBeenCalled();
    dataSync.mockRestore();
    expect(tf.memory().numTensors).toBe(before.tensors);
    expect(values()).toEqual(before.values);
  });

  test('measures top-5 only where there are more than five classes', async () => {
    const five = network(5);
    const { params, stats } = five.init(Rng.fromSeed(7));
    const few = { ...held, labels: held.labels.map((label) => label % 5) };
    const measures = await measure(
      classification(five),
      { params, stats },
      tensorBatches(evaluationBatches(few, 8)),
    );
    expect(Object.keys(measures)).toEqual(['top1', 'loss']);
    expect(Object.keys(await evaluate(8, classification(ten, { topK: 3 })))).toEqual([
      'top1',
      'top3',
      'loss',
    ]);
    expect(Object.keys(await evaluate(8, classification(ten, { topK: 1 })))).toEqual(['top1', 'loss']);
  });

  test('refuses labels the network has no class for, and leaks nothing then', async () => {
    const two = network(2);
    const { params, stats } = two.init(Rng.fromSeed(8));
    const before = tf.memory().numTensors;
    await expect(
      measure(classification(two), { params, stats }, tensorBatches(evaluationBatches(held, 8))),
    ).rejects.toThrow(expect.objectContaining({ code: 'bad-data' }));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses to evaluate nothing', async () => {
    await expect(measure(classification(ten), { params: {}, stats: {} }, [])).rejects.toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});

test('decodes the class of the largest logit, the first of equals', () => {
  const logits = { shape: [3, 2], dtype: 'float32', data: Float32Array.of(1, 2, 3, -1, 5, 5) } as const;
  const decoded = classification(network(2)).decode({ logits }, {});
  expect(decoded.map(({ label }) => label)).toEqual([1, 0, 0]);
  expect(decoded.map((prediction) => [...prediction.logits])).toEqual([
    [1, 2],
    [3, -1],
    [5, 5],
  ]);
});

describe('classification', () => {
  test('is compared by a measure that it has', async () => {
    const { params, stats } = ten.init(Rng.fromSeed(9));
    const task = classification(ten);
    const measures = await measure(task, { params, stats }, tensorBatches(evaluationBatches(held, 30)));
    expect(measures[task.headline.measure]).toBeGreaterThanOrEqual(0);
    expect(task.network).toBe(ten);
  });

  test.each([{ labelSmoothing: 1 }, { labelSmoothing: -0.1 }, { topK: 0 }, { topK: 2.5 }])(
    'refuses %o',
    (options) => {
      expect(() => classification(ten, options)).toThrow(
        expect.objectContaining({
          code: 'bad-argument',
          message: expect.stringContaining(Object.keys(options)[0]!) as string,
        }),
      );
    },
  );
});

describe('classesOf', () => {
  test('is the length of the logits', () => {
    expect(classesOf(ten)).toBe(10);
  });

  test('refuses an image map as logits, and networks without logits', () => {
    const map = defineNetwork('map', { images: [4, 4, 2] }, (net, { images }) => ({
      logits: net.relu(images),
      boxes: net.globalAveragePool(images),
    }));
    const refused = (text: string): unknown =>
      expect.objectContaining({ code: 'shape-mismatch', message: expect.stringContaining(text) as string });
    expect(() => classification(map.withOutputs(['logits']))).toThrow(
      refused('"map" goes from images to "logits" [4, 4, 2]'),
    );
    expect(() => classification(map.withOutputs(['boxes']))).toThrow(refused('to "boxes" [2]'));
  });
});

test('a network with exits is measured at each, and says how sure each is', () => {
  const exits = defineNetwork('exits', { images: [8, 8, 1] }, (net, { images }) => {
    const x = net.globalAveragePool(net.conv('conv', images, { out: 4, kernel: 3 }));
    const [exit1, exit2] = ['a', 'b'].map((name) => net.dense(name, x, { out: 3 }));
    return { exit1: exit1!, exit2: exit2!, logits: exit2! };
  });
  const task = classification(exits);
  const rows = (data: number[]) =>
    ({ shape: [2, 3], dtype: 'float32', data: Float32Array.from(data) }) as const;
  const last = [0, 5, 0, 0, 0, 5];
  const predictions = task.decode(
    { exit1: rows([0, 1, 0, 1, 0, 0]), exit2: rows(last), logits: rows(last) },
    {},
  );
  expect(predictions.map(({ label }) => label)).toEqual([1, 2]);
  const meter = task.meter();
  meter.add(predictions, { labels_B: { shape: [2], dtype: 'int32', data: Int32Array.of(1, 2) } });
  expect(meter.result()).toMatchObject({ top1: 1, 'exit1-top1': 0.5, 'exit2-top1': 1 });
  const shown = task.show!(predictions[1]!).exits!;
  expect(shown.map(({ label }) => label)).toEqual([0, 2]);
  expect(shown[0]!.probability).toBeCloseTo(Math.E / (Math.E + 2), 6);
  expect(task.show!({ label: 0, logits: Float32Array.of(1, 0, 0) }).exits).toBeUndefined();
});
