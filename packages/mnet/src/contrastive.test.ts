import '../test/backend.ts';
import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { readUnits } from '../test/oracle.ts';
import { expectNoLeak, tensorOf } from '../test/tensors.ts';
import { contrastiveLoss } from './contrastive.ts';

const random = (seed: number, rows: number): tf.Tensor2D =>
  tf.tensor2d(Rng.fromSeed(seed).normals(rows * 6, 1), [rows, 6]);
const loss = (local: tf.Tensor2D, global: tf.Tensor2D, tau = 0.5): number =>
  contrastiveLoss(local, global, tau).dataSync()[0]!;

describe('contrastiveLoss (Eq. 9)', () => {
  test('agrees with the oracle', () => {
    const { s, v, tau, loss: expected } = readUnits().ntxent;
    expect(loss(tensorOf(s) as tf.Tensor2D, tensorOf(v) as tf.Tensor2D, tau)).toBeCloseTo(expected, 4);
  });

  test.each([
    // Two astrocytes on orthogonal axes: 2 ln(1 + 2 exp(-1 / tau)).
    [1, 1.10288943],
    [0.5, 0.47908953],
    [0.07, 2.4995e-6],
  ])('orthogonal pairs at tau = %f', (tau, expected) => {
    const axes = tf.eye(2);
    expect(Math.abs(loss(axes, axes, tau) - expected)).toBeLessThan(2e-6);
  });

  test('is M ln(2M - 1) when everything is equal, whatever tau', () => {
    const same = tf.ones([4, 5]) as tf.Tensor2D;
    for (const tau of [0.1, 0.5, 2]) expect(loss(same, same, tau)).toBeCloseTo(4 * Math.log(7), 5);
  });

  test('is 0 for one astrocyte, and has no gradient there', () => {
    const [local, global] = [random(1, 1), random(2, 1)];
    expect(loss(local, global)).toBe(0);
    const gradient = tf.grad((s) => contrastiveLoss(s as tf.Tensor2D, global, 0.5))(local);
    expect(tf.max(tf.abs(gradient)).dataSync()[0]).toBeLessThan(1e-6);
  });

  test.each([1, 2, 3, 4, 5, 6])('is non-negative, scale-free, and blind to the order (seed %i)', (seed) => {
    const [local, global] = [random(seed, 4), random(seed + 100, 4)];
    const value = loss(local, global);
    expect(value).toBeGreaterThan(0);
    expect(loss(tf.mul(local, 7.5), tf.mul(global, 0.02))).toBeCloseTo(value, 4);
    const swap = tf.tensor1d([2, 1, 0, 3], 'int32');
    expect(loss(tf.gather(local, swap), tf.gather(global, swap))).toBeCloseTo(value, 4);
    // Only both representations together: swapping one alone is another problem.
    expect(Math.abs(loss(tf.gather(local, swap), global) - value)).toBeGreaterThan(1e-3);
  });

  test('leaves nothing behind', () => {
    const [local, global] = [random(1, 3), random(2, 3)];
    expectNoLeak(() => contrastiveLoss(local, global, 0.5));
  });
});
