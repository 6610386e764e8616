import type { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { between, type Case, normal, whole } from '../case.ts';

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
type Unary = (x: tf.Tensor) => tf.Tensor;
type Shape = readonly number[];

/** Pairs that training meets: same, per channel, per image, scalar, both sides repeated. */
const shapes: readonly (readonly [Shape, Shape])[] = [
  [
    [2, 3, 4],
    [2, 3, 4],
  ],
  [[2, 3, 3, 5], [5]],
  [[5], [2, 3, 3, 5]],
  [
    [2, 3, 4, 5],
    [2, 1, 1, 5],
  ],
  [
    [4, 6],
    [4, 1],
  ],
  [[3, 4], []],
  [[], [3, 4]],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[], []],
];

const binaries: Readonly<Record<string, Binary>> = {
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
};

const comparisons: Readonly<Record<string, Binary>> = {
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  equal: tf.equal,
  notEqual: tf.notEqual,
};

/** tfjs does not sum the gradients of these over the axes that an operand repeats along. */
const gradientOfSameShapesOnly = new Set(['maximum', 'minimum', 'squaredDifference']);

const label = (a: Shape, b: Shape): string => `[${a.join(', ')}] with [${b.join(', ')}]`;

const binary = (name: string, f: Binary, b: (rng: Rng, shape: Shape) => ReturnType<typeof normal>): Case[] =>
  shapes.map(([left, right]) => ({
    name: `${name} > ${label(left, right)}`,
    inputs: (rng) => ({ a: normal(rng, ...left), b: b(rng, right) }),
    run: (t) => f(t['a']!, t['b']!),
    ...(gradientOfSameShapesOnly.has(name) && left.join() !== right.join() ? { wrt: [] } : {}),
  }));

const any: Record<string, Unary> = {
  abs: tf.abs,
  neg: tf.neg,
  square: tf.square,
  exp: tf.exp,
  expm1: tf.expm1,
  erf: tf.erf,
  relu: tf.relu,
  relu6: tf.relu6,
  leakyRelu: (x) => tf.leakyRelu(x, 0.1),
  elu: tf.elu,
  sigmoid: tf.sigmoid,
  tanh: tf.tanh,
  softplus: tf.softplus,
  sin: tf.sin,
  cos: tf.cos,
  sign: tf.sign,
  floor: tf.floor,
  round: tf.round,
  clip: (x) => tf.clipByValue(x, -0.5, 0.75),
  power: (x) => tf.pow(x, tf.scalar(2)),
};

const positive: Record<string, Unary> = {
  log: tf.log,
  log1p: tf.log1p,
  sqrt: tf.sqrt,
  rsqrt: tf.rsqrt,
  reciprocal: tf.reciprocal,
  'fractional power': (x) => tf.pow(x, tf.scalar(0.7)),
};

const unary = (functions: Record<string, Unary>, draw: (rng: Rng) => ReturnType<typeof normal>): Case[] =>
  Object.entries(functions).map(([name, f]) => ({
    name: `${name} > [3, 4, 5]`,
    inputs: (rng) => ({ x: draw(rng) }),
    run: ({ x }) => f(x!),
  }));

const odd = new Float32Array([0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 1e-30, -1e30, 0.5]);

/** Operations number by number, with broadcasting, types, and numbers that are none. */
export const arithmetic: readonly Case[] = [
  ...Object.entries(binaries).flatMap(([name, f]) => binary(name, f, (rng, shape) => normal(rng, ...shape))),
  ...binary('div', tf.div, (rng, shape) => between(rng, 0.5, 2, ...shape)),
  ...Object.entries(comparisons).flatMap(([name, f]) =>
    shapes.map(
      ([left, right]): Case => ({
        name: `${name} > ${label(left, right)}`,
        inputs: (rng) => ({ a: whole(rng, 3, ...left), b: whole(rng, 3, ...right) }),
        run: (t) => f(t['a']!, t['b']!),
      }),
    ),
  ),
  ...unary(any, (rng) => normal(rng, 3, 4, 5)),
  ...unary(positive, (rng) => between(rng, 0.1, 3, 3, 4, 5)),
  ...(['add', 'sub', 'mul', 'maximum', 'minimum'] as const).map(
    (name): Case => ({
      name: `${name} > whole numbers`,
      inputs: (rng) => ({ a: whole(rng, 100, 3, 4), b: whole(rng, 100, 4) }),
      run: (t) => binaries[name]!(t['a']!, t['b']!),
    }),
  ),
  {
    name: 'div > whole numbers',
    inputs: (rng) => ({
      a: whole(rng, 100, 3, 4),
      b: { ...whole(rng, 1, 4), data: Int32Array.of(1, 2, 3, 7) },
    }),
    run: (t) => tf.div(t['a']!, t['b']!),
  },
  {
    name: 'where > same shapes',
    inputs: (rng) => ({ c: normal(rng, 3, 4), a: normal(rng, 3, 4), b: normal(rng, 3, 4) }),
    run: (t) => tf.where(tf.greater(t['c']!, 0) as tf.Tensor, t['a']!, t['b']!),
    wrt: ['a', 'b'],
  },
  {
    name: 'logic > and, or, not',
    inputs: (rng) => ({ a: normal(rng, 3, 4), b: normal(rng, 4) }),
    run: (t) => {
      const [a, b] = [tf.greater(t['a']!, 0), tf.less(t['b']!, 0)];
      return [tf.logicalAnd(a, b), tf.logicalOr(a, b), tf.logicalNot(a)];
    },
    wrt: [],
  },
  {
    name: 'cast > float32 to int32 and bool, int32 and bool to float32',
    inputs: (rng) => ({ x: between(rng, -5, 5, 3, 4), n: whole(rng, 9, 3, 4) }),
    run: ({ x, n }) => [
      tf.cast(x!, 'int32'),
      tf.cast(n!, 'float32'),
      tf.cast(n!, 'bool'),
      tf.mul(tf.cast(tf.greater(x!, 0), 'float32'), 0.5),
    ],
    wrt: [],
  },
  {
    name: 'addN > three tensors',
    inputs: (rng) => ({ a: normal(rng, 3, 4), b: normal(rng, 3, 4), c: normal(rng, 3, 4) }),
    run: (t) => tf.addN([t['a']!, t['b']!, t['c']!]),
  },
  {
    name: 'odd numbers > infinity and NaN pass through',
    inputs: () => ({ x: { shape: [10], dtype: 'float32', data: odd } }),
    run: ({ x }) => [
      tf.relu(x!),
      tf.mul(x!, 2),
      tf.add(x!, tf.neg(x!)),
      tf.isNaN(x!),
      tf.isFinite(x!),
      tf.sum(x!),
      tf.greater(x!, 0),
    ],
    wrt: [],
  },
  {
    name: 'odd numbers > large and small exponents',
    inputs: () => ({
      x: { shape: [6], dtype: 'float32', data: new Float32Array([-100, -30, -1, 1, 30, 80]) },
    }),
    run: ({ x }) => [tf.exp(x!), tf.sigmoid(x!), tf.tanh(x!), tf.softplus(x!)],
    wrt: [],
  },
];
