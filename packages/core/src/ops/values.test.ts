// Values and gradients of layers, against functions in double precision as a person would write them.

import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import '../../test/cpu.ts';
import { BATCH, checkLayers, everywhere, type Layer } from '../../test/layer-values.ts';
import { expectClose, normals } from '../../test/numerics.ts';
import { defineNetwork } from '../define.ts';
import { ones } from '../init.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const each =
  (f: (x: number) => number): Layer['reference'] =>
  ([x]) =>
    x!.map(f);

/** Rows of `out` sums over three products; `at` says where the factors are. */
function products(
  a: readonly number[],
  b: readonly number[],
  out: number,
  at: (row: number, k: number, m: number) => readonly [number, number],
): number[] {
  return Array.from({ length: BATCH * 4 * out }, (_, n) =>
    [0, 1, 2].reduce((sum, k) => {
      const [row, other] = at(Math.floor(n / out), k, n % out);
      return sum + a[row * 3 + k]! * b[other]!;
    }, 0),
  );
}

const layers: readonly Layer[] = [
  {
    name: 'crop',
    inputs: { x: [3, 4, 2] },
    layer: (net, { x }) => net.crop(x!, { top: 1, left: 2 }),
    reference: ([x]) => everywhere([2, 2, 2], (b, y, at, c) => x![((b * 3 + y + 1) * 4 + at + 2) * 2 + c]!),
  },
  { name: 'sigmoid', inputs: { x: [5] }, layer: (net, { x }) => net.sigmoid(x!), reference: each(sigmoid) },
  {
    name: 'silu',
    inputs: { x: [5] },
    layer: (net, { x }) => net.silu(x!),
    reference: each((x) => x * sigmoid(x)),
  },
  {
    name: 'hardSwish',
    inputs: { x: [5] },
    layer: (net, { x }) => net.hardSwish(x!),
    reference: each((x) => (x * Math.min(6, Math.max(0, x + 3))) / 6),
  },
  { name: 'exp', inputs: { x: [5] }, layer: (net, { x }) => net.exp(x!), reference: each(Math.exp) },
  {
    name: 'softmax',
    inputs: { x: [3, 4] },
    layer: (net, { x }) => net.softmax(x!),
    reference: ([x]) =>
      x!.map((value, i) => {
        const row = x!.slice(i - (i % 4), i - (i % 4) + 4);
        return Math.exp(value) / row.reduce((sum, other) => sum + Math.exp(other), 0);
      }),
  },
  {
    name: 'mul by a gate of the same shape',
    inputs: { x: [2, 3, 2], gate: [2, 3, 2] },
    layer: (net, { x, gate }) => net.mul(x!, gate!),
    reference: ([x, gate]) => x!.map((value, i) => value * gate![i]!),
  },
  {
    name: 'mul by a gate per channel',
    inputs: { x: [2, 3, 2], gate: [2] },
    layer: (net, { x, gate }) => net.mul(x!, gate!),
    reference: ([x, gate]) =>
      everywhere([2, 3, 2], (b, y, at, c) => x![((b * 2 + y) * 3 + at) * 2 + c]! * gate![b * 2 + c]!),
  },
  {
    name: 'mul by a gate per position',
    inputs: { x: [2, 3, 2], gate: [2, 3, 1] },
    layer: (net, { x, gate }) => net.mul(x!, gate!),
    reference: ([x, gate]) =>
      everywhere(
        [2, 3, 2],
        (b, y, at, c) => x![((b * 2 + y) * 3 + at) * 2 + c]! * gate![(b * 2 + y) * 3 + at]!,
      ),
  },
  ...[1, 2].map(
    (stride): Layer => ({
      name: `depthwiseConv of stride ${stride}`,
      inputs: { x: [4, 3, 2] },
      layer: (net, { x }) => net.depthwiseConv('d', x!, { kernel: 3, stride, bias: true }),
      reference: ([x, kernel, bias]) =>
        everywhere([Math.ceil(4 / stride), Math.ceil(3 / stride), 2], (b, row, column, c) => {
          let sum = bias![c]!;
          for (let i = 0; i < 9; i++) {
            const y = row * stride + Math.floor(i / 3) - 1;
            const at = column * stride + (i % 3) - 1;
            if (y >= 0 && y < 4 && at >= 0 && at < 3)
              sum += kernel![i * 2 + c]! * x![((b * 4 + y) * 3 + at) * 2 + c]!;
          }
          return sum;
        }),
    }),
  ),
  {
    name: 'matmul of an image with tokens',
    inputs: { a: [2, 2, 3], b: [3, 4] },
    layer: (net, { a, b }) => net.matmul(a!, b!),
    reference: ([a, b]) => products(a!, b!, 4, (r, k, m) => [r, (Math.floor(r / 4) * 3 + k) * 4 + m]),
  },
  {
    name: 'matmul of tokens with the channels of others',
    inputs: { a: [4, 3], b: [5, 3] },
    layer: (net, { a, b }) => net.matmul(a!, b!, { transposeB: true }),
    reference: ([a, b]) => products(a!, b!, 5, (r, k, m) => [r, (Math.floor(r / 4) * 5 + m) * 3 + k]),
  },
  {
    name: 'matmul of tokens with learned ones',
    inputs: { a: [4, 3] },
    layer: (net, { a }) => net.matmul(a!, net.embedding('e', { tokens: 3, width: 2, init: ones })),
    reference: ([a, e]) => products(a!, e!, 2, (r, k, m) => [r, k * 2 + m]),
  },
  {
    name: 'matmul of learned tokens with those of every image',
    inputs: { b: [3, 2] },
    layer: (net, { b }) => net.matmul(net.embedding('e', { tokens: 4, width: 3, init: ones }), b!),
    reference: ([b, e]) => products(e!, b!, 2, (r, k, m) => [r % 4, (Math.floor(r / 4) * 3 + k) * 2 + m]),
  },
  {
    name: 'sample',
    inputs: { x: [3, 4, 2], points: [5, 2] },
    layer: (net, { x, points }) => net.sample(x!, points!),
    // The mean of all positions, weighted by how near they are: nobody is near beyond the image.
    reference: ([x, points]) =>
      Array.from({ length: BATCH * 5 * 2 }, (_, n) => {
        const [b, k, c] = [Math.floor(n / 10), Math.floor(n / 2) % 5, n % 2];
        const [u, v] = [points![(b * 5 + k) * 2]! * 4 - 0.5, points![(b * 5 + k) * 2 + 1]! * 3 - 0.5];
        let sum = 0;
        for (let at = 0; at < 12; at++) {
          const near = (a: number, place: number): number => Math.max(0, 1 - Math.abs(a - place));
          sum += near(v, Math.floor(at / 4)) * near(u, at % 4) * x![(b * 12 + at) * 2 + c]!;
        }
        return sum;
      }),
  },
  {
    name: 'attention of learned queries',
    inputs: { k: [3, 4], v: [3, 4] },
    layer: (net, { k, v }) =>
      net.attention(net.embedding('q', { tokens: 2, width: 4, init: ones }), k!, v!, { headDim: 2 }),
    reference: ([k, v, q]) => attended([...q!, ...q!], k!, v!, () => true),
  },
  {
    name: 'upsample, nearest',
    inputs: { x: [2, 3, 2] },
    layer: (net, { x }) => net.upsample(x!, { times: 2 }),
    reference: ([x]) =>
      everywhere([4, 6, 2], (b, y, at, c) => x![((b * 2 + (y >> 1)) * 3 + (at >> 1)) * 2 + c]!),
  },
  ...[2, 3].map(
    (times): Layer => ({
      name: `upsample, bilinear, ${times} times`,
      inputs: { x: [2, 3, 2] },
      layer: (net, { x }) => net.upsample(x!, { times, method: 'bilinear' }),
      // Between the four positions around a place; beyond the outermost centres the image goes on as it is there.
      reference: ([x]) =>
        everywhere([2 * times, 3 * times, 2], (b, y, at, c) => {
          const [v, u] = [(y + 0.5) / times - 0.5, (at + 0.5) / times - 0.5];
          let sum = 0;
          for (const row of [Math.floor(v), Math.floor(v) + 1]) {
            for (const column of [Math.floor(u), Math.floor(u) + 1]) {
              const inside = (i: number, size: number): number => Math.min(size - 1, Math.max(0, i));
              const value = x![((b * 2 + inside(row, 2)) * 3 + inside(column, 3)) * 2 + c]!;
              sum += (1 - Math.abs(v - row)) * (1 - Math.abs(u - column)) * value;
            }
          }
          return sum;
        }),
    }),
  ),
  {
    name: 'groupNorm',
    inputs: { x: [2, 2, 4] },
    layer: (net, { x }) => net.groupNorm('g', x!, { groupWidth: 2, epsilon: 1e-5 }),
    reference: ([x, gain, offset]) => {
      const group = (b: number, g: number): number[] =>
        Array.from({ length: 8 }, (_, i) => x![(b * 4 + (i >> 1)) * 4 + 2 * g + (i & 1)]!);
      return everywhere([2, 2, 4], (b, y, at, c) => {
        const values = group(b, c >> 1);
        const mean = values.reduce((a, v) => a + v, 0) / 8;
        const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / 8;
        const value = x![((b * 2 + y) * 2 + at) * 4 + c]!;
        return ((value - mean) / Math.sqrt(variance + 1e-5)) * gain![c]! + offset![c]!;
      });
    },
  },
  {
    name: 'mix',
    inputs: { a: [3], b: [3], c: [3] },
    layer: (net, { a, b, c }) => net.mix('alphas', [a!, b!, c!]),
    reference: ([a, b, c, alphas]) => {
      const powers = alphas!.map(Math.exp);
      const sum = powers.reduce((x, y) => x + y, 0);
      return a!.map((value, i) => (powers[0]! * value + powers[1]! * b![i]! + powers[2]! * c![i]!) / sum);
    },
  },
  {
    name: 'attention of two queries over three keys',
    inputs: { q: [2, 4], k: [3, 4], v: [3, 4] },
    layer: (net, { q, k, v }) => net.attention(q!, k!, v!, { headDim: 2 }),
    reference: ([q, k, v]) => attended(q!, k!, v!, () => true),
  },
];

/** Two heads of width 2, two queries, three keys. */
function attended(
  q: readonly number[],
  k: readonly number[],
  v: readonly number[],
  there: (b: number, key: number) => boolean,
): number[] {
  return Array.from({ length: BATCH * 2 * 4 }, (_, at) => {
    const [b, query, c] = [Math.floor(at / 8), Math.floor(at / 4) % 2, at % 4];
    const head = 2 * (c >> 1);
    const power = [0, 1, 2].map((key) => {
      const score = [0, 1].reduce(
        (s, i) => s + q[(b * 2 + query) * 4 + head + i]! * k[(b * 3 + key) * 4 + head + i]!,
        0,
      );
      return there(b, key) ? Math.exp(score / Math.SQRT2) : 0;
    });
    const sum = power.reduce((x, y) => x + y, 0);
    return power.reduce((s, p, key) => s + (p / sum) * v[(b * 3 + key) * 4 + c]!, 0);
  });
}

checkLayers(layers);

test('rows are taken by their indices, and none by what is no index', async () => {
  const network = defineNetwork('taken', { x: [3, 2], at: [4] }, (net, { x, at }) => ({
    y: net.gather(x, at),
  }));
  const numbers = normals(1, 12);
  const indices = [2, 0, 2, -1, 1, 3, 1, 0];
  const wanted = indices.flatMap((index, k) => {
    const first = (Math.floor(k / 4) * 3 + index) * 2;
    return index < 0 || index > 2 ? [0, 0] : numbers.slice(first, first + 2);
  });
  for (const dtype of ['int32', 'float32'] as const) {
    const at = tf.tensor(indices, [2, 4], dtype);
    const taken = (x: tf.Tensor): tf.Tensor =>
      network.forward({}, {}, { x, at }, { training: true }).outputs.y;
    const x = tf.tensor(numbers, [2, 3, 2]);
    expect(taken(x).shape).toEqual([2, 4, 2]);
    await expectClose(taken(x), wanted);
    // Row 2 of the first image and row 1 of the second were taken twice, others once or not at all.
    const dy = tf.ones([2, 4, 2]);
    await expectClose(tf.grad(taken)(x, dy), [1, 1, 0, 0, 2, 2, 1, 1, 2, 2, 0, 0]);
  }
});

test('keys that are padding are not looked at', async () => {
  const network = defineNetwork(
    'masked',
    { q: [2, 4], k: [3, 4], v: [3, 4], mask: [3] },
    (net, { q, k, v, mask }) => ({
      y: net.attention(q, k, v, { headDim: 2 }, mask),
    }),
  );
  const [q, k, v] = [normals(1, 16), normals(2, 24), normals(3, 24)];
  const there = [
    [1, 1, 0],
    [1, 0, 1],
  ];
  const given = {
    q: tf.tensor(q, [2, 2, 4]),
    k: tf.tensor(k, [2, 3, 4]),
    v: tf.tensor(v, [2, 3, 4]),
    mask: tf.tensor(there),
  };
  const { outputs } = network.forward({}, {}, given, { training: false });
  await expectClose(
    outputs.y,
    attended(q, k, v, (b, key) => there[b]![key] === 1),
  );
  // Queries times keys times width, twice.
  expect(network.activationMacs).toBe(2 * 2 * 3 * 4);
});

test('a frozen normalisation is the running one, and trains nothing', async () => {
  const layers = (frozen: boolean) =>
    defineNetwork('norm', { x: [2, 2, 3] }, (net, { x }) => ({
      y: frozen ? net.frozenBatchNorm('bn', x) : net.batchNorm('bn', x),
    }));
  const [frozen, plain] = [layers(true), layers(false)];
  expect(frozen.parameters).toEqual([]);
  expect(frozen.statistics.map((s) => s.name).sort()).toEqual(
    [...plain.parameters, ...plain.statistics].map((s) => s.name).sort(),
  );
  const tensors = Object.fromEntries(
    frozen.statistics.map(({ name }, i) => [name, tf.abs(tf.tensor(normals(i, 3)))]),
  );
  const x = tf.tensor(normals(7, 24), [2, 2, 2, 3]);
  const found = frozen.forward({}, tensors, { x }, { training: true });
  const expected = plain.forward(tensors, tensors, { x }, { training: false });
  await expectClose(found.outputs.y, await expected.outputs.y.data());
  for (const { name } of frozen.statistics) expect(found.stats[name]).toBe(tensors[name]);
});

test('a scaled gradient leaves the value', async () => {
  const network = defineNetwork('scaled', { x: [3] }, (net, { x }) => ({
    y: net.scaleGradient(net.sigmoid(x), 0.25),
  }));
  const forward = (x: tf.Tensor): tf.Tensor => network.forward({}, {}, { x }, { training: true }).outputs.y;
  const x = tf.tensor(normals(1, 6), [2, 3]);
  const s = normals(1, 6).map(sigmoid);
  await expectClose(forward(x), s);
  await expectClose(
    tf.grad(forward)(x),
    s.map((value) => 0.25 * value * (1 - value)),
  );
});
