// Functions that are recorded once. That what they compute is right, the conformance suite asks of every case.

import { type Params, type Prepared, type RunningBackend, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { Draw, random } from '../test/oracle.ts';
import { onnx } from './adapter.ts';

let running: RunningBackend;
beforeAll(async () => {
  running = await startBackend(onnx);
});

const tensor = (draw: Draw, shape: readonly number[]): tf.Tensor =>
  tf.tensor(random(draw, shape).values as number[], [...shape]);

/** A convolution, normalised, through a rectifier, then two outputs, one of which is the other in another shape. */
function network(draw: Draw): {
  readonly f: (given: Params) => Params;
  readonly weights: readonly tf.Tensor[];
} {
  const weights = [[3, 3, 2, 5], [5], [5], [180, 4]].map((shape) => tensor(draw, shape)) as [
    tf.Tensor4D,
    tf.Tensor1D,
    tf.Tensor1D,
    tf.Tensor2D,
  ];
  const [kernel, gain, offset, head] = weights;
  const f = ({ x }: Params): Params => {
    const y = tf.relu(tf.add(tf.mul(tf.conv2d(x as tf.Tensor4D, kernel, 1, 'same'), gain), offset));
    const z = tf.matMul(tf.reshape(y, [-1, 180]), head);
    return { z, rows: tf.reshape(z, [-1]) };
  };
  return { f, weights };
}

const numbers = async (made: Params): Promise<Record<string, readonly number[]>> =>
  Object.fromEntries(
    await Promise.all(Object.entries(made).map(async ([name, t]) => [name, [...(await t.data())]] as const)),
  );

test('computes what the function computes, of other inputs each time, and records one kernel', async () => {
  const draw = new Draw(1);
  const before = tf.memory().numTensors;
  const { f, weights } = network(draw);
  const first = { x: tensor(draw, [2, 6, 6, 2]) };
  const ready = running.prepare!(f, first)!;
  for (let call = 0; call < 3; call++) {
    const x = call === 0 ? first.x : tensor(draw, [2, 6, 6, 2]);
    const expected = tf.tidy(() => f({ x }) as tf.TensorContainerObject) as Params;
    const { calls } = running.counters();
    const made = ready.run({ x });
    expect(running.counters()['calls']! - calls!).toBe(1);
    expect(Object.entries(made).map(([name, { shape, dtype }]) => [name, shape, dtype])).toEqual([
      ['z', [2, 4], 'float32'],
      ['rows', [8], 'float32'],
    ]);
    const [found, wanted] = [await numbers(made), await numbers(expected)];
    for (const name of ['z', 'rows'])
      found[name]!.forEach((value, k) => expect(value).toBeCloseTo(wanted[name]![k]!, 4));
    tf.dispose([expected, made, x] as tf.TensorContainer);
  }
  ready.release();
  tf.dispose(weights as tf.Tensor[]);
  expect(tf.memory().numTensors).toBe(before);
});

test('is compiled once, and again once it was freed', async () => {
  const draw = new Draw(2);
  const { f, weights } = network(draw);
  const x = tensor(draw, [1, 6, 6, 2]);
  const compiled = async (ready: Prepared): Promise<number> => {
    const { compiles } = running.counters();
    const made = ready.run({ x });
    await numbers(made);
    tf.dispose(made as tf.TensorContainerObject);
    return running.counters()['compiles']! - compiles!;
  };
  const ready = running.prepare!(f, { x })!;
  expect([await compiled(ready), await compiled(ready)]).toEqual([1, 0]);
  ready.release();
  expect(await compiled(ready)).toBe(1);
  ready.release();
  tf.dispose([x, ...weights]);
});

test('what was recorded before it is freed is computed', async () => {
  const draw = new Draw(3);
  const { f, weights } = network(draw);
  const x = tensor(draw, [1, 6, 6, 2]);
  const ready = running.prepare!(f, { x })!;
  const [kept, freed] = [ready.run({ x }), ready.run({ x })];
  const expected = await numbers(kept);
  const late = ready.run({ x });
  ready.release();
  tf.dispose(weights as tf.Tensor[]);
  expect(await numbers(freed)).toEqual(expected);
  expect(await numbers(late)).toEqual(expected);
  tf.dispose([kept, freed, late, x] as tf.TensorContainer);
});

test('a function may call one that was prepared', async () => {
  const draw = new Draw(4);
  const { f, weights } = network(draw);
  const x = tensor(draw, [1, 6, 6, 2]);
  const inner = running.prepare!(f, { x })!;
  const outer = running.prepare!(({ x }) => ({ twice: tf.mul(inner.run({ x: x! })['z']!, 2) }), { x })!;
  const [one, two] = [inner.run({ x }), outer.run({ x })];
  const [{ z }, { twice }] = [await numbers(one), await numbers(two)];
  z!.forEach((value, k) => expect(twice![k]).toBeCloseTo(2 * value, 4));
  inner.release();
  outer.release();
  tf.dispose([one, two, x, ...weights] as tf.TensorContainer);
});

test.each<[string, (given: Params, other: tf.Tensor) => Params]>([
  [
    'a kernel on the host',
    ({ x }) => ({ y: tf.topk(tf.softplus(tf.cumsum(tf.reverse(x!))), 1).values, z: onHost(x!) }),
  ],
  ['weights that are not computed yet', ({ x }, other) => ({ y: tf.add(x!, other) })],
  ['an output that is an input', ({ x }) => ({ y: x!.clone() })],
  ['an output of constants alone', ({ x }) => ({ y: tf.mul(x!, 2), z: tf.scalar(3) })],
])('%s leaves the function as it is', (_, f) => {
  const before = tf.memory().numTensors;
  const x = tf.tensor1d([1, 2, 3]);
  const other = tf.mul(x, 3);
  expect(running.prepare!((given) => f(given, other), { x })).toBeUndefined();
  tf.dispose([x, other]);
  expect(tf.memory().numTensors).toBe(before);
});

/** Local response normalisation has no lowering. */
const onHost = (x: tf.Tensor): tf.Tensor =>
  tf.localResponseNormalization(tf.reshape(x, [1, 1, 1, -1]) as tf.Tensor4D);
