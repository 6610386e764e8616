import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import './index.ts';
import { openTape, valueAndGrad } from './gradient.ts';
import type { Params } from './params.ts';
import { forgetUnread, type TapeNode } from './saved.ts';
import { Rng } from './rng.ts';

const drawn = (): Params => {
  const rng = Rng.fromSeed(3);
  const tensor = (...shape: number[]): tf.Tensor =>
    tf.tensor(
      rng.normals(
        shape.reduce((a, b) => a * b, 1),
        1,
      ),
      shape,
    );
  return {
    x: tensor(2, 5, 5, 3),
    stem: tensor(3, 3, 3, 4),
    filter: tensor(3, 3, 4, 4),
    depthwise: tensor(3, 3, 4, 1),
    gain: tensor(4),
    offset: tensor(4),
    dense: tensor(8, 3),
  };
};

/** Every kernel whose saved tensors are forgotten, in two halves. */
function first(p: Params): { y: tf.Tensor } {
  const stem = tf.conv2d(p['x'] as tf.Tensor4D, p['stem'] as tf.Tensor4D, 1, 'same');
  const inner = tf.relu(
    tf.add(tf.mul(tf.conv2d(stem, p['filter'] as tf.Tensor4D, 1, 'same'), p['gain']!), p['offset']!),
  );
  const deep = tf.depthwiseConv2d(inner as tf.Tensor4D, p['depthwise'] as tf.Tensor4D, 1, 'same');
  const sum = tf.addN([
    deep,
    tf.sub(inner, p['offset']!),
    tf.pad(tf.slice(stem, 0, [2, 4, 5, 4]), [
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
    ]),
  ]);
  const pooled = tf.concat([tf.mean(sum, [1, 2]), tf.sum(tf.square(sum), [1, 2])], 1);
  const stacked = tf.stack([tf.matMul(pooled as tf.Tensor2D, p['dense'] as tf.Tensor2D), tf.ones([2, 3])]);
  return { y: tf.reshape(tf.expandDims(stacked, 1), [-1]) };
}
const second = ({ y }: { y: tf.Tensor }): { value: tf.Scalar; aux: object } => ({
  value: tf.sum(tf.mul(y, y)) as tf.Scalar,
  aux: {},
});

const SOME = [
  ['filter', 'dense'],
  ['gain'],
  ['offset', 'depthwise'],
  ['x', 'stem', 'filter', 'depthwise', 'gain', 'offset', 'dense'],
];

describe('a tape that is finished later', () => {
  test.each(SOME.map((names) => [names]))(
    'has the gradients of a whole one to the bit: %s',
    async (names) => {
      const params = drawn();
      const whole = valueAndGrad((p) => second(first(p)) as never, params, names);
      const before = tf.memory().numTensors;
      const tape = openTape(() => first(params), params, names);
      const halves = tape.finish((made) => second(made) as never);
      tape.dispose();
      for (const name of names)
        expect(await halves.grads[name]!.data()).toEqual(await whole.grads[name]!.data());
      expect(Object.keys(halves.grads)).toEqual(names);
      tf.dispose([halves.grads, halves.value]);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test('keeps no image but the inputs of filters that are trained, and what the other operations read', () => {
    const node = (kernelName: string, inputs: Record<string, tf.Tensor>, output: tf.Tensor): TapeNode => ({
      kernelName,
      inputs,
      outputs: [output],
      saved: Object.values(inputs).map((tensor) => tensor.clone()),
    });
    const [image, filter, gain, a, b, c, d] = Array.from({ length: 7 }, () =>
      tf.zeros([2, 3]),
    ) as tf.Tensor[];
    const tape = [
      node('Conv2D', { x: image!, filter: gain! }, a!),
      node('Conv2D', { x: a!, filter: filter! }, b!),
      node('Multiply', { a: b!, b: gain! }, c!),
      node('Add', { a: c!, b: a! }, d!),
      node('Prelu', { x: d!, alpha: gain! }, image!),
    ];
    const saved = tape.map((one) => [...one.saved]);
    forgetUnread(tape, [filter!]);
    expect(saved.map((tensors) => tensors.map(({ isDisposed }) => isDisposed))).toEqual([
      [true, true],
      [false, true],
      [true, false],
      [true, true],
      [false, false],
    ]);
    expect(tape[0]!.saved.map(({ shape, rank, size, dtype }) => [shape, rank, size, dtype])).toEqual(
      Array(2).fill([[2, 3], 2, 6, 'float32']),
    );
  });
});

test('the gradient of relu is 1 above zero, from its output', async () => {
  const x = tf.tensor1d([-2, -0, 0, 1e-30, 3]);
  const gradient = tf.grad((v) => tf.relu(v))(x, tf.tensor1d([5, 6, 7, 8, 9]));
  expect([...(await gradient.data())].map((value) => value + 0)).toEqual([0, 0, 0, 8, 9]);
  expect(tf.getGradient('Relu').inputsToSave).toBeUndefined();
});
