import { Rng, startBackend } from '@ma-net/core';
import { expectNoLeak } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { normals } from '../test/stock.ts';
import { cpu } from './adapter.ts';
import { fastKernels } from './kernels.ts';

beforeAll(() => startBackend(cpu));

test('every fast kernel replaces a stock one', () => {
  const known = new Set(tf.getKernelsForBackend('reference').map((k) => k.kernelName));
  expect(Object.keys(fastKernels).filter((name) => !known.has(name))).toEqual([]);
});

test('a second start changes nothing, and kernels leave no memory behind', async () => {
  const before = tf.getKernel('Conv2D', 'cpu').kernelFunc;
  const running = await startBackend(cpu);
  expect(running.name).toBe('cpu');
  expect(tf.getKernel('Conv2D', 'cpu').kernelFunc).toBe(before);
  expectNoLeak(() =>
    tf.tidy(() => {
      const x = normals(Rng.fromSeed(1), 2, 6, 6, 3) as tf.Tensor4D;
      const w = normals(Rng.fromSeed(2), 3, 3, 3, 4) as tf.Tensor4D;
      tf.grads((a: tf.Tensor, b: tf.Tensor) =>
        tf.mean(tf.relu(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'))),
      )([x, w]);
    }),
  );
});
