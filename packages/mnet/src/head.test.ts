import '../test/backend.ts';
import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { kernelsOf, oracleNetwork, byKernel, readAlternate, tensorsOf } from '../test/oracle.ts';
import { expectClose, tensorOf } from '../test/tensors.ts';
import { logitsOf } from './head.ts';

test('logits agree with the oracle', () => {
  const oracle = readAlternate();
  const { kernels } = oracleNetwork;
  const { out, columns, logits } = oracle.iterations[1]!;
  const out_ND = tf.concat(out.map(tensorOf), 0) as tf.Tensor2D;
  const post_PZ = tf.concat(columns.map(tensorOf), 0) as tf.Tensor2D;
  const found = logitsOf(kernels, tensorsOf(oracle.phi), out_ND, post_PZ, byKernel(kernels, oracle.D));
  kernels.forEach(({ param }, l) => expectClose(found[param]!, logits[l]!, { what: param }));
});

test('a connection: A_i . B_o / sqrt(r) + gamma ln D', () => {
  // One layer, one connection, r = 4: (1, 2, 3, 4) . (2, 0, 1, -1) = 1, over 2; 3 ln(e) = 3.
  const phi = {
    'pa.weight': tf.tensor2d([[1, 2, 3, 4]]),
    'pa.bias': tf.zeros([4]),
    'pb.weight': tf.tensor2d([[2, 0, 1, -2]]),
    'pb.bias': tf.tensor1d([0, 0, 0, 1]),
    gamma: tf.tensor1d([3]),
  };
  const one = tf.ones([1, 1]) as tf.Tensor2D;
  const found = logitsOf(kernelsOf([[1, 1, 1]]), phi, one, one, { layer0: tf.fill([1, 1], Math.E) });
  expect(found['layer0']!.dataSync()[0]).toBeCloseTo(3.5, 5);
});

test('a slice of zeros has a finite logit', () => {
  const { kernels } = oracleNetwork;
  const oracle = readAlternate();
  const zeros = Object.fromEntries(kernels.map((k) => [k.param, tf.zeros([k.preNeurons, k.postNeurons])]));
  const rows = (n: number, width: number): tf.Tensor2D =>
    tf.tensor2d(Rng.fromSeed(n).normals(n * width, 1), [n, width]);
  const found = logitsOf(kernels, tensorsOf(oracle.phi), rows(22, 8), rows(26, 12), zeros);
  for (const { param } of kernels) expect([...found[param]!.dataSync()].every(Number.isFinite)).toBe(true);
});
