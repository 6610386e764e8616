// Rows that go to one place are added one after the other: none is lost, and the sum is the same every time.

import { Rng, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { onnx } from '../index.ts';

beforeAll(() => startBackend(onnx));

test.each([1, 6])('rows of %i', async (width) => {
  const rng = Rng.fromSeed(width);
  const rows = 8_000;
  const values = rng.normals(rows * width, 1);
  // Long runs of one place, as boxes that are padding have them, beside places of their own.
  const places = Int32Array.from({ length: rows }, (_, i) => (i % 4 === 0 ? i % 1000 : 7));
  const expected = new Float32Array(1000 * width);
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < width; c++)
      expected[places[i]! * width + c] = expected[places[i]! * width + c]! + values[i * width + c]!;
  const x = tf.tensor2d(values, [rows, width]);
  const ids = tf.tensor1d(places, 'int32');
  for (let time = 0; time < 6; time++) {
    const sums = tf.unsortedSegmentSum(x, ids, 1000);
    expect(await sums.data()).toEqual(expected);
    sums.dispose();
  }
  const scattered = tf.scatterND(tf.reshape(ids, [rows, 1]), x, [1000, width]);
  expect(await scattered.data()).toEqual(expected);
  const deep = tf.tensor2d(
    Array.from(places, (place) => [place % 10, Math.floor(place / 10)]),
    [rows, 2],
    'int32',
  );
  const turned = tf.transpose(tf.scatterND(deep, x, [10, 100, width]), [1, 0, 2]);
  expect(await turned.data()).toEqual(expected);
  tf.dispose([x, ids, scattered, deep, turned]);
});
