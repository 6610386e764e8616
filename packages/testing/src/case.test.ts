import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { between, type Case, differentiated, gradientsOf, normal, valuesOf, whole } from './case.ts';
import { expectNoLeak } from './leaks.ts';
import { REFERENCE } from './reference.ts';

beforeAll(() => tf.setBackend(REFERENCE));

const product: Case = {
  name: 'product > with a whole number',
  inputs: (rng) => ({ x: normal(rng, 3), n: whole(rng, 5, 3) }),
  run: ({ x, n }) => tf.mul(x!, tf.cast(n!, 'float32')),
};

test('draws the same inputs every time, by the name of the case', async () => {
  const [first, second] = [await valuesOf(product), await valuesOf(product)];
  expect(first).toEqual(second);
  expect(await valuesOf({ ...product, name: 'another' })).not.toEqual(first);
});

test('differentiates with respect to float32 inputs, or to those named', async () => {
  expect(differentiated(product)).toEqual(['x']);
  expect(differentiated({ ...product, wrt: [] })).toEqual([]);
  // The gradient of sum(w x n) is w n: as whole a multiple of w as n is.
  const grads = await gradientsOf(product);
  const { n } = product.inputs(Rng.fromSeed(1).split(product.name));
  const w = Rng.fromSeed(2).split(product.name).split(0).normals(3, 1);
  expect(Object.keys(grads)).toEqual(['x']);
  Array.from(n!.data).forEach((times, i) => {
    expect(grads['x']!.data[i]).toBeCloseTo(times * w[i]!, 5);
  });
});

test('leaves no tensor behind', async () => {
  await expectNoLeak(() => valuesOf(product));
  await expectNoLeak(() => gradientsOf(product));
});

test('draws within the bounds it is given', () => {
  const rng = Rng.fromSeed(1);
  const { data } = between(rng, 2, 3, 100);
  expect(data.every((v) => v >= 2 && v <= 3)).toBe(true);
  expect(new Set(whole(rng, 3, 100).data)).toEqual(new Set([0, 1, 2]));
});
