// Whole programs of small operations against the reference: what is fused, repeated, split and thrown away must not show.

import { Rng } from '@ma-net/core';
import { describeOn } from '@ma-net/testing';
import { useSwiftShader } from '@ma-net/testing/node';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { expectAgreement, random } from '../../test/agreement.ts';
import { webgpu } from '../adapter.ts';

useSwiftShader();

type Step = (rng: Rng, x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** Every step takes values of [4, 3, 6] and makes one, of numbers that stay small. */
const SHAPE = [4, 3, 6];
const steps: readonly Step[] = [
  (_, x, y) => tf.add(x, y),
  (_, x, y) => tf.sub(x, y),
  (_, x, y) => tf.mul(tf.tanh(x), y),
  (_, x, y) => tf.div(x, tf.add(tf.square(y), 1)),
  (_, x, y) => tf.maximum(x, tf.minimum(y, 1)),
  (_, x) => tf.relu(x),
  (_, x) => tf.sigmoid(tf.neg(x)),
  (_, x) => tf.exp(tf.clipByValue(x, -2, 1)),
  (_, x) => tf.mul(tf.step(x, 0.25), x),
  (_, x) => tf.erf(x),
  (_, x, y) => tf.where(tf.greater(x, y), x, tf.zerosLike(y)),
  (_, x) => tf.sub(x, tf.mean(x, -1, true)),
  (_, x, y) => tf.add(x, tf.mean(y, [0, 1], true)),
  (_, x, y) => tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(y), 1, true), 1))),
  (_, x) => tf.sub(x, tf.max(x, [0, 2], true)),
  (_, x) => tf.reshape(tf.transpose(tf.reshape(tf.transpose(x, [2, 0, 1]), [6, 12]), [1, 0]), SHAPE),
  (_, x, y) => tf.concat([tf.slice(x, [0, 0, 2], [4, 3, 4]), tf.slice(y, [0, 0, 0], [4, 3, 2])], 2),
  (_, x) => tf.concat(tf.split(x, 3, 1).toReversed(), 1),
  (_, x) => tf.tile(tf.slice(x, [1, 0, 0], [2, 1, 6]), [2, 3, 1]),
  (_, x, y) => tf.addN([x, y, x, tf.onesLike(x)]),
  (_, x, y) => tf.matMul(tf.softmax(tf.matMul(x, y, false, true)), y),
  (rng, x) => tf.add(x, random([1, 3, 1], `${rng.integer(9)}`)),
  (rng, x) => tf.mul(x, rng.integer(5) / 4),
  (_, x) => tf.gather(x, tf.tensor1d([3, 0, 0, 2], 'int32')),
  (_, x) => tf.cast(tf.greaterEqual(x, 0), 'float32'),
];

function program(seed: number): tf.Tensor {
  const rng = Rng.fromSeed(seed);
  const values = [random(SHAPE, `a${seed}`), random(SHAPE, `b${seed}`), random(SHAPE, `c${seed}`)];
  const pick = (): tf.Tensor => values[Math.max(0, values.length - 1 - rng.integer(6))]!;
  for (let i = 0; i < 24; i++) values.push(steps[rng.integer(steps.length)]!(rng, pick(), pick()));
  return tf.stack(values.slice(-6).map((value) => tf.clipByValue(value, -50, 50)));
}

const numbers = async (x: tf.Tensor): Promise<number[]> => [...(await x.data())];

describeOn(webgpu, 'programs that are only written down', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed))('of random steps, number %i', async (seed) => {
    await expectAgreement(() => program(seed));
  });

  test('numbers that are none, and endless ones', async () => {
    const odd = (): tf.Tensor => tf.tensor1d([Number.NaN, Infinity, -Infinity, 0, -1, 2, 1e30, -1e-30]);
    const on = async (make: (x: tf.Tensor) => tf.Tensor): Promise<number[]> => {
      // More than what tfjs computes in JavaScript.
      const y = tf.tidy(() => make(tf.tile(odd(), [40])));
      const found = await numbers(y);
      y.dispose();
      return found.slice(0, 8).map((n) => Math.fround(n));
    };
    const none = Number.NaN;
    expect(await on((x) => tf.relu(x))).toEqual([none, Infinity, 0, 0, 0, 2, Math.fround(1e30), 0]);
    expect(await on((x) => tf.maximum(x, 1))).toEqual([none, Infinity, 1, 1, 1, 2, Math.fround(1e30), 1]);
    expect(await on((x) => tf.minimum(1, x))).toEqual([none, 1, -Infinity, 0, -1, 1, 1, Math.fround(-1e-30)]);
    expect(await on((x) => tf.step(x))).toEqual([none, 1, 0, 0, 0, 1, 1, 0]);
    expect((await on((x) => tf.log(x))).slice(3, 5)).toEqual([-Infinity, none]);
    expect(await on((x) => tf.max(tf.reshape(x, [40, 8]), 0))).toEqual(await on((x) => x));
    expect((await on((x) => tf.pow(x, 2))).slice(3, 6)).toEqual([0, 1, 4]);
  });

  test.each([
    [[3, 5000], 1],
    [[3, 40000], 1],
    [[5000, 3], 0],
    [
      [9, 700, 5],
      [0, 1],
    ],
    [[2, 300, 7], 1],
    [[70000, 3], 1],
    [[20000], 0],
  ] as [number[], number | number[]][])('long and many sums of %j over %j', async (shape, axis) => {
    await expectAgreement(() => tf.mean(tf.square(random(shape, 'x')), axis));
    await expectAgreement(() => tf.max(random(shape, 'x'), axis));
  });

  test('a tensor that is read on the way is the same, and what follows goes on from it', async () => {
    const x = random([50, 20], 'x');
    const [half, whole] = tf.tidy(() => {
      const first = tf.mul(tf.sub(x, tf.mean(x, 0)), 2);
      return [first, tf.add(tf.relu(first), x)] as const;
    });
    const before = await numbers(half);
    const after = await numbers(tf.tidy(() => tf.sub(whole, x)));
    expect(after.map((n, i) => Math.abs(n - Math.max(0, before[i]!)) < 1e-5)).not.toContain(false);
    expect(await numbers(half)).toEqual(before);
    tf.dispose([x, half, whole]);
  });

  test('tensors that are disposed before they are computed, and their sources, leave nothing', async () => {
    const before = tf.backend().numDataIds();
    const x = random([300], 'x');
    const y = tf.mul(x, 2);
    const z = tf.add(y, 1);
    tf.dispose([x, y]);
    expect(tf.backend().numDataIds()).toBe(before + 1);
    const unwanted = tf.exp(z);
    unwanted.dispose();
    expect(await numbers(z)).toHaveLength(300);
    z.dispose();
    expect(tf.backend().numDataIds()).toBe(before);
  });

  test('numbers that are all the same, in arithmetic, in products and as they are', async () => {
    const [ones, zeros] = [(): tf.Tensor => tf.ones([20, 30]), (): tf.Tensor => tf.zeros([20, 30])];
    const x = (): tf.Tensor => random([30, 20], 'x');
    await expectAgreement(() => tf.mul(tf.transpose(x()), ones()));
    await expectAgreement(() => tf.add(tf.transpose(x()), zeros()));
    await expectAgreement(() => tf.add(tf.matMul(x(), zeros()), tf.matMul(x(), ones())));
    await expectAgreement(() => tf.sum(tf.add(ones(), zeros()), 1));
    await expectAgreement(() => tf.concat([ones(), tf.mul(ones(), 2), zeros()], 1));
  });

  test('programs that add to what another made', async () => {
    const index = (): tf.Tensor1D => tf.tensor1d([0, 2, 0, 1], 'int32');
    await expectAgreement(() => tf.unsortedSegmentSum(tf.exp(random([4, 300], 'x')), index(), 3));
  });
});
