import '../test/backend.ts';
import type { Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { readAlternate, tensorsOf } from '../test/oracle.ts';
import { expectClose, largestDifference, tensorOf } from '../test/tensors.ts';
import { fuse } from './features.ts';
import { hear } from './joint.ts';

const oracle = readAlternate();
const phi: Params = tensorsOf(oracle.phi);
const [first, second] = [oracle.iterations[0]!, oracle.iterations[1]!];
const local = first.u.map((u) => tensorOf(u) as tf.Tensor2D);
const global = tf.split(tensorOf(first.v), first.u.length, 0) as tf.Tensor2D[];

describe('hear (section 5)', () => {
  const means = first.out.map((out) => tf.mean(tensorOf(out), 0, true) as tf.Tensor2D);
  const meansNow = second.out.map((out) => tf.mean(tensorOf(out), 0, true) as tf.Tensor2D);
  const previous_MD = tf.concat(means, 0);
  const input = (j: number, temporal: 'all' | 'own' | 'none', chain: boolean, record = phi): tf.Tensor =>
    hear(
      record,
      j,
      fuse(local[j]!, global[j]!),
      { previous_MD, neighbour_1D: meansNow[j - 1] },
      { temporal, chain },
    );

  test.each([0, 1])('astrocyte %i of the oracle', (j) => {
    expectClose(input(j, 'all', true), second.x[j]!, { what: `x ${j}` });
  });

  test('hears nobody without chain and temporal terms', () => {
    expectClose(input(1, 'none', false), fuse(local[1]!, global[1]!), { atol: 0, rtol: 0 });
  });

  test('own: only itself a moment ago', () => {
    const own = { ...phi, 'astro.1.temporal.weight': tf.eye(8), 'astro.1.temporal.bias': tf.zeros([8]) };
    const expected = tf.add(fuse(local[1]!, global[1]!), means[1]!);
    expectClose(input(1, 'own', false, own), expected);
  });

  test('the first astrocyte has nobody before it', () => {
    expect(largestDifference(input(0, 'all', true), input(0, 'all', false))).toBe(0);
    expect(largestDifference(input(1, 'all', true), input(1, 'all', false))).toBeGreaterThan(1e-3);
  });
});
