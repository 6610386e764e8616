import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { centralDifferences, dot, expectClose, normals } from '../test/numerics.ts';
import { valueAndGrad } from './gradient.ts';
import {
  avgPool,
  batchNorm,
  conv2d,
  dense,
  gelu,
  globalAveragePool,
  layerNorm,
  maxPool,
  mergePatches,
  NORM_EPSILON,
  runningBatchNorm,
} from './layers.ts';
import type { Params } from './params.ts';

/** The gradient of sum(w f(x)) with respect to every input. */
function gradients(inputs: Params, w: readonly number[], f: (inputs: Params) => tf.Tensor): Params {
  return valueAndGrad(
    (all) => {
      const y = f(all);
      return { value: tf.sum(tf.mul(y, tf.tensor([...w], y.shape))) as tf.Scalar, aux: {} };
    },
    inputs,
    Object.keys(inputs),
  ).grads;
}

const vector = (values: readonly number[]): tf.Tensor1D => tf.tensor1d([...values]);

describe('batchNorm', () => {
  const [rows, channels] = [12, 3];
  const [x, gain, offset] = [normals(1, rows * channels), normals(2, channels), normals(3, channels)];
  const w = normals(4, rows * channels);

  const column = (values: readonly number[], c: number): number[] =>
    values.filter((_, i) => i % channels === c);
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const variance = (v: readonly number[]): number => mean(v.map((a) => (a - mean(v)) ** 2));

  /** The definition, in double precision. */
  const oracle = (x_: readonly number[], g: readonly number[], b: readonly number[]): number[] => {
    const moments = g.map((_, c) => [mean(column(x_, c)), variance(column(x_, c))] as const);
    return x_.map((value, i) => {
      const [m, v] = moments[i % channels]!;
      return (g[i % channels]! * (value - m)) / Math.sqrt(v + 1e-5) + b[i % channels]!;
    });
  };

  const run = (inputs: Params): ReturnType<typeof batchNorm> =>
    batchNorm(
      tf.reshape(inputs['x']!, [3, 2, 2, channels]),
      { gain_C: inputs['gain'] as tf.Tensor1D, offset_C: inputs['offset'] as tf.Tensor1D },
      { mean_C: vector([1, 2, 3]), variance_C: vector([4, 5, 6]) },
    );
  const inputs = (): Params => ({ x: vector(x), gain: vector(gain), offset: vector(offset) });

  test('is its definition', async () => {
    await expectClose(run(inputs()).y, oracle(x, gain, offset));
  });

  test('has the gradient that finite differences of the definition have', async () => {
    const grads = gradients(inputs(), w, (all) => run(all).y);
    const close = { rtol: 1e-4, atol: 1e-5 };
    await expectClose(
      grads['x']!,
      centralDifferences((v) => dot(w, oracle(v, gain, offset)), x),
      close,
    );
    await expectClose(
      grads['gain']!,
      centralDifferences((v) => dot(w, oracle(x, v, offset)), gain),
      close,
    );
    await expectClose(
      grads['offset']!,
      centralDifferences((v) => dot(w, oracle(x, gain, v)), offset),
      close,
    );
  });

  test('keeps its gradient when the input is itself computed', async () => {
    const squared = (v: readonly number[]): number[] => v.map((a) => a * a + a);
    const grads = gradients(
      { x: vector(x) },
      w,
      ({ x: x_ }) => run({ ...inputs(), x: tf.add(tf.mul(x_!, x_!), x_!) }).y,
    );
    const expected = centralDifferences((v) => dot(w, oracle(squared(v), gain, offset)), x);
    await expectClose(grads['x']!, expected, { rtol: 1e-4, atol: 1e-5 });
  });

  test('moves the running statistics a tenth of the way to the mean and the unbiased variance', async () => {
    const { running } = run(inputs());
    const means = [0, 1, 2].map((c) => 0.9 * [1, 2, 3][c]! + 0.1 * mean(column(x, c)));
    const unbiased = rows / (rows - 1);
    const variances = [0, 1, 2].map((c) => 0.9 * [4, 5, 6][c]! + 0.1 * unbiased * variance(column(x, c)));
    await expectClose(running.mean_C, means);
    await expectClose(running.variance_C, variances);
  });

  test('takes its momentum as a number or as a tensor, and one row of batch', async () => {
    const { gain_C, offset_C } = { gain_C: vector([1]), offset_C: vector([0]) };
    const running = { mean_C: vector([2]), variance_C: vector([3]) };
    const whole = batchNorm(tf.tensor2d([[8]]), { gain_C, offset_C }, running, tf.scalar(0.5));
    await expectClose(whole.running.mean_C, [5]);
    await expectClose(whole.running.variance_C, [1.5]);
    await expectClose(whole.y, [0]);
    const all = batchNorm(tf.tensor2d([[1], [3]]), { gain_C, offset_C }, running, 1);
    await expectClose(all.running.mean_C, [2]);
    await expectClose(all.running.variance_C, [2]);
  });

  test('with running statistics is one line per channel', async () => {
    const y = runningBatchNorm(
      tf.tensor2d([
        [3, 4],
        [5, 6],
      ]),
      { gain_C: vector([2, 1]), offset_C: vector([1, 0]) },
      { mean_C: vector([1, 4]), variance_C: vector([4, 1]) },
    );
    // 2 (3 - 1) / 2 + 1 = 3, (4 - 4) / 1 = 0, 2 (5 - 1) / 2 + 1 = 5, (6 - 4) / 1 = 2; epsilon is 1e-5.
    await expectClose(y, [3, 0, 5, 2], { rtol: 2e-5 });
    expect(NORM_EPSILON).toBe(1e-5);
  });
});

describe('layerNorm', () => {
  const [rows, width] = [4, 5];
  const [x, gain, offset] = [normals(5, rows * width), normals(6, width), normals(7, width)];
  const w = normals(8, rows * width);

  const oracle = (x_: readonly number[], g: readonly number[], b: readonly number[]): number[] =>
    Array.from({ length: rows }, (_, r) => {
      const row = x_.slice(r * width, (r + 1) * width);
      const mean = row.reduce((a, v) => a + v, 0) / width;
      const variance = row.reduce((a, v) => a + (v - mean) ** 2, 0) / width;
      return row.map((v, i) => (g[i]! * (v - mean)) / Math.sqrt(variance + 1e-3) + b[i]!);
    }).flat();
  const run = (i: Params): tf.Tensor =>
    layerNorm(tf.reshape(i['x']!, [2, 2, width]), i['gain']!, i['offset']!, 1e-3);

  test('is its definition, with the epsilon it is given, and so is its gradient', async () => {
    const inputs = { x: vector(x), gain: vector(gain), offset: vector(offset) };
    await expectClose(run(inputs), oracle(x, gain, offset));
    const grads = gradients(inputs, w, run);
    const close = { rtol: 1e-4, atol: 1e-5 };
    await expectClose(
      grads['x']!,
      centralDifferences((v) => dot(w, oracle(v, gain, offset)), x),
      close,
    );
    await expectClose(
      grads['gain']!,
      centralDifferences((v) => dot(w, oracle(x, v, offset)), gain),
      close,
    );
    await expectClose(
      grads['offset']!,
      centralDifferences((v) => dot(w, oracle(x, gain, v)), offset),
      close,
    );
  });
});

test('gelu is x times the normal distribution function', async () => {
  // Phi(1) = 0.8413447461, Phi(2) = 0.9772498681, Phi(0.5) = 0.6914624613 (any table).
  const x = [0, 1, -1, 2, -2, 0.5, 10, -10];
  const phi = [0.5, 0.8413447461, 0.1586552539, 0.9772498681, 0.0227501319, 0.6914624613, 1, 0];
  await expectClose(
    gelu(vector(x)),
    x.map((v, i) => v * phi[i]!),
    { rtol: 1e-5, atol: 2e-6 },
  );
  // Its derivative is Phi(x) + x phi(x), with phi(x) = exp(-x^2 / 2) / sqrt(2 pi).
  const dy = [1, -2, 3, 0.5, 1, 1, 2, -1];
  const grads = gradients({ x: vector(x) }, dy, ({ x: x_ }) => gelu(x_!));
  const density = (v: number): number => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);
  await expectClose(
    grads['x']!,
    x.map((v, i) => dy[i]! * (phi[i]! + v * density(v))),
    { rtol: 1e-5, atol: 2e-6 },
  );
});

describe('conv2d', () => {
  /** Seven loops: [H, W, I] images, zeros all around. */
  const oracle = (
    x: readonly number[],
    w: readonly number[],
    [h, wd, inputs]: readonly [number, number, number],
    [k, outputs]: readonly [number, number],
    stride: number,
    pad: number,
  ): number[] => {
    const out = (size: number): number => Math.floor((size + 2 * pad - k) / stride) + 1;
    const y: number[] = [];
    for (let r = 0; r < out(h); r++)
      for (let c = 0; c < out(wd); c++)
        for (let o = 0; o < outputs; o++) {
          let sum = 0;
          for (let i = 0; i < k; i++)
            for (let j = 0; j < k; j++)
              for (let n = 0; n < inputs; n++) {
                const [row, column] = [r * stride + i - pad, c * stride + j - pad];
                if (row < 0 || row >= h || column < 0 || column >= wd) continue;
                sum += x[(row * wd + column) * inputs + n]! * w[((i * k + j) * inputs + n) * outputs + o]!;
              }
          y.push(sum);
        }
    return y;
  };

  // An even image under stride 2: "same" padding of tfjs would put the zeros on one side only.
  test.each([
    [6, 6, 3, 2, 1],
    [5, 4, 3, 1, 1],
    [6, 6, 1, 2, 0],
    [8, 8, 7, 2, 3],
  ])(
    'of %dx%d, kernel %d, stride %d, pad %d has as many zeros on every side',
    async (h, wd, k, stride, pad) => {
      const [x, w] = [normals(1, h * wd * 2), normals(2, k * k * 2 * 3)];
      const expected = oracle(x, w, [h, wd, 2], [k, 3], stride, pad);
      const dy = normals(3, expected.length);
      const inputs = { x: vector(x), w: vector(w) };
      const run = (i: Params): tf.Tensor =>
        conv2d(tf.reshape(i['x']!, [1, h, wd, 2]), tf.reshape(i['w']!, [k, k, 2, 3]), { stride, pad });
      await expectClose(run(inputs), expected, { atol: 1e-5 });
      const grads = gradients(inputs, dy, run);
      const dx = centralDifferences((v) => dot(dy, oracle(v, w, [h, wd, 2], [k, 3], stride, pad)), x);
      const dw = centralDifferences((v) => dot(dy, oracle(x, v, [h, wd, 2], [k, 3], stride, pad)), w);
      await expectClose(grads['x']!, dx, { rtol: 1e-4, atol: 1e-5 });
      await expectClose(grads['w']!, dw, { rtol: 1e-4, atol: 2e-5 });
    },
  );
});

test('dense multiplies the last axis of any rank, with and without bias', async () => {
  const w = tf.tensor2d([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  const x = tf.tensor3d([
    [
      [1, 0, 0],
      [0, 1, 1],
    ],
  ]);
  await expectClose(dense(x, w), [1, 2, 8, 10]);
  expect(dense(x, w, vector([10, 20])).shape).toEqual([1, 2, 2]);
  await expectClose(dense(x, w, vector([10, 20])), [11, 22, 18, 30]);
  await expectClose(dense(tf.tensor2d([[1, 1, 1]]), w, vector([1, 1])), [10, 13]);
});

describe('pooling', () => {
  const image = (values: readonly number[]): tf.Tensor4D => tf.tensor4d([...values], [1, 3, 3, 1]);
  const pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9];

  test('maxPool takes the largest, and padding never wins', async () => {
    const x = image(pixels.map((v) => -v));
    // Windows of 3 around pixels (0,0), (0,2), (2,0), (2,2): the largest of the four inside.
    await expectClose(maxPool(x, { kernel: 3, stride: 2, pad: 1 }), [-1, -2, -4, -5]);
    await expectClose(maxPool(image(pixels), { kernel: 2, stride: 1 }), [5, 6, 8, 9]);
  });

  test('avgPool leaves the padding out of the count', async () => {
    // The corner windows of 3 hold 1 2 4 5, 2 3 5 6, 4 5 7 8 and 5 6 8 9.
    await expectClose(avgPool(image(pixels), { kernel: 3, stride: 2, pad: 1 }), [3, 4, 6, 7]);
    await expectClose(avgPool(image(pixels), { kernel: 2, stride: 1 }), [3, 4, 6, 7]);
    await expectClose(
      avgPool(image(pixels), { kernel: 3, stride: 1, pad: 1 }),
      [3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7],
    );
  });

  test.each([
    { kernel: 3, stride: 2, pad: 1 },
    { kernel: 2, stride: 1, pad: 0 },
    { kernel: 3, stride: 1, pad: 1 },
    { kernel: 2, stride: 2, pad: 1 },
  ])('both have the gradients of loops, %o', async ({ kernel, stride, pad }) => {
    const size = Math.floor((4 + 2 * pad - kernel) / stride) + 1;
    const [x, dy] = [normals(4, 16), normals(5, size * size)];
    const windows = (v: readonly number[]): number[][] =>
      Array.from({ length: size * size }, (_, at) => {
        const [top, left] = [Math.floor(at / size) * stride - pad, (at % size) * stride - pad];
        return v.filter((_v, i) => {
          const [row, column] = [Math.floor(i / 4) - top, (i % 4) - left];
          return row >= 0 && row < kernel && column >= 0 && column < kernel;
        });
      });
    const mean = (v: readonly number[]): number[] =>
      windows(v).map((p) => p.reduce((a, b) => a + b, 0) / p.length);
    const max = (v: readonly number[]): number[] => windows(v).map((p) => Math.max(...p));
    for (const [pool, oracle] of [
      [avgPool, mean],
      [maxPool, max],
    ] as const) {
      const run = ({ x: x_ }: Params): tf.Tensor =>
        pool(tf.reshape(x_!, [1, 4, 4, 1]), { kernel, stride, pad });
      await expectClose(run({ x: vector(x) }), oracle(x));
      const grads = gradients({ x: vector(x) }, dy, run);
      await expectClose(
        grads['x']!,
        centralDifferences((v) => dot(dy, oracle(v)), x),
        { rtol: 1e-4, atol: 1e-5 },
      );
    }
  });

  test('globalAveragePool is the mean of each channel', async () => {
    const x = tf.tensor4d([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2]);
    await expectClose(globalAveragePool(x), [2.5, 25]);
  });
});

test('mergePatches lists each patch column by column', async () => {
  // Rows 1 2 / 3 4: upper left, lower left, upper right, lower right.
  const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const y = mergePatches(x);
  expect(y.shape).toEqual([1, 1, 1, 4]);
  await expectClose(y, [1, 3, 2, 4]);
});

test('layers allocate their results and nothing else', () => {
  const [x, one] = [tf.tensor4d(normals(1, 96), [2, 4, 4, 3]), vector([1, 2, 3])];
  const kernel = tf.ones([3, 3]) as tf.Tensor2D;
  const affine = { gain_C: one, offset_C: one };
  const running = { mean_C: one, variance_C: one };
  const layers: Record<string, () => object> = {
    dense: () => dense(x, kernel, one),
    batchNorm: () => batchNorm(x, affine, running),
    runningBatchNorm: () => runningBatchNorm(x, affine, running),
    layerNorm: () => layerNorm(x, one, one, 1e-5),
    gelu: () => gelu(x),
    avgPool: () => avgPool(x, { kernel: 3, stride: 1, pad: 1 }),
    mergePatches: () => mergePatches(x),
  };
  for (const [name, layer] of Object.entries(layers)) {
    const before = tf.memory().numTensors;
    const made = layer();
    const results = name === 'batchNorm' ? 3 : 1;
    expect([name, tf.memory().numTensors - before]).toEqual([name, results]);
    tf.dispose(made as tf.TensorContainer);
    expect([name, tf.memory().numTensors - before]).toEqual([name, 0]);
  }
});
