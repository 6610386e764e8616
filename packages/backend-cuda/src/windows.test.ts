import { Rng } from '@ma-net/core';
import { describeOn, difference, numbersOf, onReference } from '@ma-net/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { twin } from '../test/cpu-build.ts';
import { windowed } from './windows.ts';

const random = (shape: number[], label: string): tf.Tensor4D => {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Rng.fromSeed(5).split(label).normals(size, 1);
  return tf.tensor4d(values, shape as [number, number, number, number]);
};

type Pad = number | tf.backend_util.ExplicitPadding;
const uneven: Pad = [
  [0, 0],
  [1, 2],
  [0, 1],
  [0, 0],
];

/** By name, and the kernels that its value and gradient need. */
const programs: Readonly<
  Record<string, (x: tf.Tensor4D, w: tf.Tensor4D, stride: number, pad: Pad) => tf.Tensor>
> = {
  conv2d: (x, w, stride, pad) => tf.conv2d(x, w, stride, pad),
  depthwiseConv2d: (x, w, stride, pad) => tf.depthwiseConv2d(x, w, stride, pad),
  maxPool: (x, _, stride, pad) => tf.maxPool(x, 3, stride, pad),
  avgPool: (x, _, stride, pad) => tf.avgPool(x, 3, stride, pad),
};

describeOn(twin, 'padding by pixels', () => {
  const paddings: [string, number, Pad][] = [
    ['1', 1, 1],
    ['2, stride 2', 2, 2],
    ['unequal sides', 1, uneven],
  ];
  test.each(
    Object.keys(programs).flatMap((name) =>
      paddings.map(([title, stride, pad]) => [name, title, stride, pad] as const),
    ),
  )('%s with %s', async (name, _, stride, pad) => {
    const compute = () =>
      tf.tidy(() => {
        const x = random([2, 7, 6, 3], 'x');
        const w = random(name === 'conv2d' ? [3, 3, 3, 5] : [3, 3, 3, 2], 'w');
        const program = (...[a, b]: tf.Tensor[]): tf.Tensor =>
          programs[name]!(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad);
        const y = program(x, w);
        // The reference cannot differentiate pools over unequal sides.
        if (/Pool/.test(name) && typeof pad !== 'number') return [y];
        const weights = random(y.shape, 'dy');
        const loss = (...args: tf.Tensor[]): tf.Scalar => tf.sum(tf.mul(program(...args), weights));
        return [y, ...(/Pool/.test(name) ? [tf.grad((a) => loss(a, w))(x)] : tf.grads(loss)([x, w]))];
      });
    const values = async () => {
      const outputs = compute();
      const numbers = await Promise.all(outputs.map(numbersOf));
      tf.dispose(outputs);
      return numbers;
    };
    const expected = await onReference(values);
    const found = await values();
    expect(found.map((numbers, i) => difference(numbers, expected[i]!, twin.tolerance))).toEqual(
      expected.map(() => undefined),
    );
  });

  test('every kernel that takes windows is there', () => {
    expect(Object.keys(windowed).filter((kernel) => tf.getKernel(kernel, 'cuda') === undefined)).toEqual([]);
  });
});
