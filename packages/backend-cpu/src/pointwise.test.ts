import { Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, test } from 'vitest';
import { agree, normals } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

test.each([
  ['Relu', {}],
  ['Step', { alpha: 0 }],
  ['Step', { alpha: 0.2 }],
  ['Square', {}],
  ['Neg', {}],
])('%s %o, of odd numbers too', async (name, attrs) => {
  const odd = [0, -0, 1, -1, Infinity, -Infinity, Number.NaN, 1e-40];
  await agree(name, () => ({ x: tf.tensor1d(odd) }), attrs);
  await agree(name, () => ({ x: normals(Rng.fromSeed(1), 3, 5) }), attrs);
});
