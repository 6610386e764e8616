// Every kernel that can be written: traced, loaded by tfjs's own converter, and compared with itself.

import { trace } from '@ma-net/backend-onnx';
import { cpu } from '@ma-net/backend-cpu';
import { ops, Rng, startBackend } from '@ma-net/core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { dimensions, Graph, typeName } from './graph.ts';
import { operations } from './operations.ts';
import { writeTrace } from './write-trace.ts';

let weights: Record<string, tf.Tensor>;
beforeAll(async () => {
  await startBackend(cpu);
  const normals = (seed: number, shape: number[]): tf.Tensor =>
    tf.tensor(
      Rng.fromSeed(seed).normals(
        shape.reduce((a, b) => a * b, 1),
        1,
      ),
      shape,
    );
  weights = {
    c: normals(1, [4]),
    w: normals(2, [3, 3, 4, 6]),
    d: normals(3, [3, 3, 4, 1]),
    m: normals(4, [4, 5]),
  };
});

const positive = (x: tf.Tensor): tf.Tensor => tf.add(tf.abs(x), 0.5);
const unit = (x: tf.Tensor): tf.Tensor => tf.mul(tf.tanh(x), 0.9);
const bool = (x: tf.Tensor): tf.Tensor => tf.greater(x, 0);

/** Of images [B, 6, 8, 4]. */
const functions: Readonly<Record<string, (x: tf.Tensor4D) => tf.Tensor>> = {
  ...Object.fromEntries(
    (
      [
        'abs',
        'ceil',
        'cos',
        'cosh',
        'elu',
        'erf',
        'exp',
        'expm1',
        'floor',
        'isNaN',
        'neg',
        'relu',
        'relu6',
        'round',
      ]
        .concat([
          'selu',
          'sigmoid',
          'sign',
          'sin',
          'sinh',
          'softplus',
          'square',
          'tan',
          'tanh',
          'asinh',
          'atan',
        ])
        .concat(['onesLike', 'zerosLike', 'softmax', 'logSoftmax']) as 'abs'[]
    ).map((name) => [name, (x: tf.Tensor4D) => tf[name](x)]),
  ),
  ...Object.fromEntries(
    (['log', 'log1p', 'sqrt', 'rsqrt', 'reciprocal', 'acosh'] as const).map((name) => [
      name,
      (x: tf.Tensor4D) => tf[name](tf.add(positive(x), 1)),
    ]),
  ),
  ...Object.fromEntries(
    (['acos', 'asin', 'atanh'] as const).map((name) => [name, (x: tf.Tensor4D) => tf[name](unit(x))]),
  ),
  ...Object.fromEntries(
    (
      [
        'add',
        'sub',
        'mul',
        'maximum',
        'minimum',
        'squaredDifference',
        'equal',
        'notEqual',
        'greater',
        'greaterEqual',
      ].concat(['less', 'lessEqual', 'atan2']) as 'add'[]
    ).map((name) => [name, (x: tf.Tensor4D) => tf[name](x, weights['c']!)]),
  ),
  div: (x) => tf.div(x, positive(weights['c']!)),
  floorDiv: (x) => tf.floorDiv(x, positive(weights['c']!)),
  mod: (x) => tf.mod(x, positive(weights['c']!)),
  pow: (x) => tf.pow(positive(x), weights['c']!),
  prelu: (x) => tf.prelu(x, weights['c']!),
  leakyRelu: (x) => tf.leakyRelu(x, 0.3),
  clip: (x) => tf.clipByValue(x, -0.5, 0.25),
  addN: (x) => tf.addN([x, tf.relu(x), tf.neg(x)]),
  logic: (x) => tf.logicalOr(tf.logicalAnd(bool(x), bool(tf.sin(x))), tf.logicalNot(bool(tf.cos(x)))),
  where: (x) => tf.where(bool(x), x, tf.square(x)),
  conv: (x) => tf.conv2d(x, weights['w'] as tf.Tensor4D, 2, 'same'),
  'conv with padding': (x) => tf.conv2d(x, weights['w'] as tf.Tensor4D, 1, 2),
  'conv dilated': (x) => tf.conv2d(x, weights['w'] as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
  depthwise: (x) => tf.depthwiseConv2d(x, weights['d'] as tf.Tensor4D, 1, 'same'),
  maxPool: (x) => tf.maxPool(x, 3, 2, 1),
  avgPool: (x) => tf.avgPool(x, [2, 3], 1, 'same'),
  matMul: (x) => tf.matMul(tf.reshape(x, [-1, 4]), weights['m'] as tf.Tensor2D),
  batchMatMul: (x) => tf.matMul(tf.reshape(x, [-1, 12, 16]), tf.reshape(x, [-1, 12, 16]), false, true),
  einsum: (x) => tf.einsum('bhwc,co->bhwo', x, weights['m']!),
  ...Object.fromEntries(
    (['sum', 'mean', 'max', 'min', 'prod'] as const).map((name) => [
      name,
      (x: tf.Tensor4D) => tf[name](tf.tanh(x), [1, 2], true),
    ]),
  ),
  any: (x) => tf.logicalXor(tf.any(bool(x), 3), tf.all(bool(x), 3)),
  argMax: (x) => tf.add(tf.argMax(x, 3), tf.argMin(x, -1)),
  cumsum: (x) => tf.cumsum(x, 2, true, true),
  cumprod: (x) => tf.cumprod(tf.tanh(x), 1),
  resizeBilinear: (x) => tf.image.resizeBilinear(x, [9, 5], false, true),
  resizeNearest: (x) => tf.image.resizeNearestNeighbor(x, [3, 16]),
  transpose: (x) => tf.transpose(x, [0, 3, 1, 2]),
  reverse: (x) => tf.reverse(x, [1, 3]),
  concat: (x) => tf.concat([x, tf.relu(x)], -1),
  stack: (x) => tf.stack([x, tf.neg(x)], 2),
  unstack: (x) => tf.add(tf.unstack(x, 1)[2]!, tf.unstack(x, 1)[5]!),
  split: (x) => tf.mul(...(tf.split(x, 2, 3) as [tf.Tensor, tf.Tensor])),
  slice: (x) => tf.slice(x, [0, 1, 2, 0], [-1, 3, -1, 2]),
  pad: (x) =>
    tf.pad(
      x,
      [
        [0, 0],
        [1, 2],
        [0, 0],
        [3, 0],
      ],
      7,
    ),
  mirrorPad: (x) =>
    tf.mirrorPad(
      x,
      [
        [0, 0],
        [1, 2],
        [2, 1],
        [0, 0],
      ],
      'reflect',
    ),
  gather: (x) => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32'), 3),
  'rows of every image': (x) => {
    const tokens = tf.reshape(x, [x.shape[0], -1, 4]);
    return ops.gather.execute(undefined as never, '', [tokens, tf.argMax(tokens, 1)], null);
  },
  'at points of every image': (x) =>
    ops.sample.execute(
      undefined as never,
      '',
      [x, tf.reshape(tf.sigmoid(tf.slice(x, [0, 0, 0, 0], [-1, 2, 4, 2])), [-1, 8, 2])],
      null,
    ),
  cast: (x) => tf.cast(tf.cast(tf.cast(x, 'int32'), 'bool'), 'float32'),
  tile: (x) => tf.tile(x, [1, 2, 1, 3]),
  'a token for every image': (x) =>
    tf.concat(
      [tf.tile(tf.reshape(weights['c']!, [1, 1, 4]), [x.shape[0], 1, 1]), tf.reshape(x, [-1, 48, 4])],
      1,
    ),
  'filled for every image': (x) => tf.mul(tf.fill([x.shape[0], 1, 1, 4], 0.5), x),
  filled: (x) => tf.add(x, tf.fill([8, 4], 0.5)),
  identity: (x) => tf.add(tf.clone(x), x),
};

/** The function through a graph model. */
async function throughModel(f: (x: tf.Tensor4D) => tf.Tensor): Promise<(x: tf.Tensor4D) => tf.Tensor> {
  const record = (batch: number) =>
    trace(({ x }) => ({ y: f(x as tf.Tensor4D) }), { x: { shape: [batch, 6, 8, 4] } }, weights);
  const [first, second] = [await record(1009), await record(1013)];
  const g = new Graph();
  const made = writeTrace(g, first, second)['y']!;
  first.release();
  second.release();
  const y = g.op('Identity', [made], made.shape, { name: 'y' });
  const information = (name: string, shape: readonly number[]): object => ({
    name: `${name}:0`,
    dtype: typeName('float32'),
    tensorShape: dimensions(shape),
  });
  const bytes = g.weights.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  const artifacts = {
    format: 'graph-model',
    modelTopology: { node: g.nodes, library: {}, versions: {} },
    signature: {
      inputs: { x: information('x', [-1, 6, 8, 4]) },
      outputs: { y: information('y', y.shape) },
    },
    weightSpecs: g.weights.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype })),
    weightData: Uint8Array.from(Buffer.concat(bytes)).buffer,
  };
  const model = await loadGraphModel(tf.io.fromMemory(artifacts as unknown as tf.io.ModelArtifacts));
  return (x) => model.predict(x) as tf.Tensor;
}

test.each(Object.keys(functions))('%s', async (name) => {
  const f = functions[name]!;
  const model = await throughModel(f);
  for (const batch of [1, 3]) {
    const x = tf.tensor4d(Rng.fromSeed(9).normals(batch * 192, 1), [batch, 6, 8, 4]);
    const [want, found] = [f(x), model(x)];
    expect(found.shape).toEqual(want.shape);
    const [a, b] = [await want.data(), await found.data()];
    a.forEach((value, k) => expect(b[k]).toBeCloseTo(value, 4));
  }
});

test('the list has all that can be written', async () => {
  const used = new Set<string>();
  for (const f of Object.values(functions)) {
    const { calls, release } = await trace(
      ({ x }) => ({ y: f(x as tf.Tensor4D) }),
      { x: { shape: [2, 6, 8, 4] } },
      weights,
    );
    for (const { signature } of calls) used.add(signature.name);
    release();
  }
  expect(Object.keys(operations).filter((name) => !used.has(name))).toEqual(['Identity']);
});

test('what has no operation is refused by its name, and so is what follows the number of images', async () => {
  await expect(throughModel((x) => tf.localResponseNormalization(x))).rejects.toMatchObject({
    code: 'unsupported-op',
    message: expect.stringContaining('LRN') as string,
  });
  await expect(throughModel((x) => tf.mul(x, x.shape[0]))).rejects.toMatchObject({
    code: 'unsupported-op',
    message: expect.stringContaining('number of images') as string,
  });
});
