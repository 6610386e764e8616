import '../test/backend.ts';
import type { Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { oracleOptions, readAlternate, tensorsOf } from '../test/oracle.ts';
import { expectClose, tensorOf } from '../test/tensors.ts';
import { fuse, globalFeatures, localFeatures } from './features.ts';

const oracle = readAlternate();
const phi: Params = tensorsOf(oracle.phi);
const first = oracle.iterations[0]!;
const sizes = first.u.map((u) => u.shape[0]!);

describe('features (section 4)', () => {
  test('local: attention over the features of an astrocyte', () => {
    const tokens = tf.split(tensorOf(first.tokens), sizes, 0) as tf.Tensor2D[];
    first.u.forEach((u, j) => expectClose(localFeatures(phi, j, tokens[j]!), u, { what: `u ${j}` }));
  });

  test('fusion: the average of both', () => {
    const u = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expectClose(fuse(u, tf.tensor2d([[5, -2]])), { shape: [2, 2], data: [3, 0, 4, 1] });
  });

  test('global: a transformer over the descriptors of the astrocytes', () => {
    const v = globalFeatures(phi, tensorOf(first.s) as tf.Tensor2D, 1, oracleOptions.heads!);
    expectClose(v, first.v, { what: 'v' });
  });
});
