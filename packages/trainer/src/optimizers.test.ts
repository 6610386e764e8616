import { globalNorm, type OptimizerOptions, type Params, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipToNorm, optimizerStep, restingSlots } from './optimizers.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

/** Several steps on two parameters, against the same rule in double precision. */
async function compare(
  options: OptimizerOptions,
  rule: (w: number, g: number, memory: Record<string, number>, lr: number) => number,
): Promise<void> {
  const rng = Rng.fromSeed(3);
  const size = 5;
  const names = ['a', 'b'];
  const expected: Record<string, Float64Array> = {};
  const memories: Record<string, Record<string, number>[]> = {};
  let params: Record<string, tf.Tensor> = {};
  for (const name of names) {
    const start = rng.normals(size, 1);
    params[name] = tf.tensor1d(start);
    expected[name] = Float64Array.from(start);
    memories[name] = Array.from({ length: size }, () => ({}));
  }
  let state: Record<string, tf.Tensor> = {};
  for (let step = 0; step < 6; step++) {
    const lr = 0.1 / (step + 1);
    // "b" has no gradient in odd steps: then neither its value nor its state may move.
    const active = step % 2 === 0 ? names : ['a'];
    const grads = Object.fromEntries(active.map((name) => [name, tf.tensor1d(rng.normals(size, 1))]));
    const update = optimizerStep(options, params, grads, state, lr);
    expect(Object.keys(update.params)).toEqual(active);
    params = { ...params, ...update.params };
    state = { ...state, ...update.state };
    for (const name of active) {
      const g = await grads[name]!.data();
      expected[name]!.forEach((w, i) => {
        expected[name]![i] = rule(w, g[i]!, memories[name]![i]!, lr);
      });
    }
  }
  for (const name of names) {
    const got = await params[name]!.data();
    expected[name]!.forEach((w, i) => expect(got[i]).toBeCloseTo(w, 5));
  }
}

describe('optimizerStep', () => {
  test('SGD with momentum and weight decay', () =>
    compare({ name: 'sgd', momentum: 0.9, weightDecay: 0.01 }, (w, g, m, lr) => {
      m['buf'] = 0.9 * (m['buf'] ?? 0) + g + 0.01 * w;
      return w - lr * m['buf'];
    }));

  test('SGD with Nesterov momentum', () =>
    compare({ name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0 }, (w, g, m, lr) => {
      m['buf'] = 0.9 * (m['buf'] ?? 0) + g;
      return w - lr * (g + 0.9 * m['buf']);
    }));

  test('AdamW decays the weight itself and corrects the bias by the steps of each name', () =>
    compare({ name: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 }, (w, g, s, lr) => {
      const t = (s['t'] = (s['t'] ?? 0) + 1);
      const m = (s['m'] = 0.9 * (s['m'] ?? 0) + 0.1 * g);
      const v = (s['v'] = 0.99 * (s['v'] ?? 0) + 0.01 * g * g);
      const step = m / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.99 ** t)) + 1e-8);
      return w * (1 - lr * 0.1) - lr * step;
    }));

  test('a first step from resting slots is the step from no state', async () => {
    for (const options of [
      { name: 'sgd', momentum: 0.9, weightDecay: 0.1 },
      { name: 'adamw', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 },
    ] as const) {
      const [params, grads] = [{ w: tf.tensor1d([1, 2]) }, { w: tf.tensor1d([3, -1]) }];
      const slots = restingSlots(options, params, {});
      expect(Object.keys(slots)).toEqual(Object.keys(optimizerStep(options, params, grads, {}, 0.1).state));
      expect(restingSlots(options, params, slots)).toEqual({});
      const [bare, resting] = [{}, slots].map(
        (state) => optimizerStep(options, params, grads, state, 0.1).params['w']!,
      );
      expect(await resting!.data()).toEqual(await bare!.data());
    }
  });

  test('makes what it returns and nothing else', () => {
    const params = { w: tf.tensor1d([1, 2]) };
    const grads = { w: tf.tensor1d([1, 1]) };
    const before = tf.memory().numTensors;
    const { params: next, state } = optimizerStep(
      { name: 'sgd', momentum: 0.9, weightDecay: 0.1 },
      params,
      grads,
      {},
      0.1,
    );
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([next, state]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test.each([
  { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.1 },
  { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 },
] as const)('$name: a scale is another rate and another decay, of its parameter alone', async (options) => {
  const rng = Rng.fromSeed(4);
  const tensor = (): tf.Tensor => tf.tensor1d(rng.normals(3, 1));
  const [params, grads] = [
    { a: tensor(), b: tensor() },
    { a: tensor(), b: tensor() },
  ];
  const scales = new Map([['a', { rate: 0.5, decay: 0, frozen: false }]]);
  const scaled = optimizerStep(options, params, grads, {}, 0.1, scales).params;
  const usual = optimizerStep(options, params, grads, {}, 0.1).params;
  const other = optimizerStep({ ...options, weightDecay: 0 }, params, grads, {}, 0.05).params;
  expect(await scaled['a']!.data()).toEqual(await other['a']!.data());
  expect(await scaled['b']!.data()).toEqual(await usual['b']!.data());
});

describe('clipToNorm', () => {
  const clip = (grads: Params, limit: number): Params => clipToNorm(grads, globalNorm(grads), limit);

  test('scales to the limit, across all tensors', async () => {
    // Norm of (3, 4) and (12) is 13; a limit of 1.3 scales by a tenth.
    const grads = clip({ a: tf.tensor1d([3, 4]), b: tf.scalar(12) }, 1.3);
    const a = await grads['a']!.data();
    expect([a[0], a[1], (await grads['b']!.data())[0]]).toEqual([
      expect.closeTo(0.3, 6),
      expect.closeTo(0.4, 6),
      expect.closeTo(1.2, 6),
    ]);
  });

  test('leaves small and zero gradients alone', async () => {
    expect(Array.from(await clip({ a: tf.tensor1d([0.3, 0.4]) }, 1)['a']!.data())).toEqual([
      expect.closeTo(0.3, 6),
      expect.closeTo(0.4, 6),
    ]);
    expect(Array.from(await clip({ a: tf.zeros([2]) }, 1)['a']!.data())).toEqual([0, 0]);
  });
});
