import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, test } from 'vitest';
import { agree, type Inputs, normals, repeat } from '../test/stock.ts';
import { cpu } from './adapter.ts';

beforeAll(() => startBackend(cpu));

describe('sums', () => {
  test.each(['Sum', 'Mean'])('%s over random shapes and axes', (name) =>
    repeat(name, 50, (rng) => {
      const r = rng();
      const shape = Array.from({ length: 1 + r.integer(5) }, () => 1 + r.integer(5));
      const axis = [...shape.keys()].filter(() => r.integer(2) === 0);
      const keepDims = r.integer(2) === 0;
      return agree(name, () => ({ x: normals(rng().split('x'), ...shape) }), { axis, keepDims });
    }),
  );

  test.each(['int32', 'bool'] as const)('of %s have the type of the stock kernels', async (dtype) => {
    const make = (): Inputs => ({
      x: tf.cast(
        tf.tensor2d([
          [0, 1, 2],
          [3, 0, 5],
        ]),
        dtype,
      ),
    });
    await agree('Sum', make, { axis: [0], keepDims: false });
    await agree('Mean', make, { axis: [1], keepDims: true });
  });
});
