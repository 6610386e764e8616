import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import '../test/cpu.ts';
import { expectClose, leaked } from '../test/numerics.ts';
import { globalNorm, stopGradient, valueAndGrad } from './gradient.ts';
import type { Params } from './params.ts';

const square = (
  params: Params,
): { value: tf.Scalar; aux: { twice: tf.Tensor; note: string; list: tf.Tensor[] } } => {
  const product = tf.mul(params['a']!, params['b']!);
  return {
    value: tf.sum(tf.mul(product, product)) as tf.Scalar,
    aux: { twice: tf.mul(product, 2), note: 'kept', list: [tf.add(product, 1)] },
  };
};

const params = (): { a: tf.Tensor; b: tf.Tensor; unused: tf.Tensor } => ({
  a: tf.tensor1d([1, 2]),
  b: tf.tensor1d([3, 4]),
  unused: tf.tensor1d([5, 6]),
});

describe('valueAndGrad', () => {
  test('differentiates with respect to the named parameters only', async () => {
    // (a b)^2: d/da = 2 a b^2, d/db = 2 a^2 b.
    const all = params();
    const a = valueAndGrad(square, all, ['a']);
    expect(Object.keys(a.grads)).toEqual(['a']);
    await expectClose(a.value, [9 + 64]);
    await expectClose(a.grads['a']!, [18, 64]);
    const both = valueAndGrad(square, all, ['b', 'a']);
    await expectClose(both.grads['b']!, [6, 32]);
    await expectClose(both.grads['a']!, [18, 64]);
  });

  test('gives zeros where the value does not depend on a parameter', async () => {
    const { grads } = valueAndGrad(square, params(), ['unused', 'a']);
    await expectClose(grads['unused']!, [0, 0]);
    const none = valueAndGrad(() => ({ value: tf.scalar(1), aux: {} }), params(), ['a']);
    await expectClose(none.grads['a']!, [0, 0]);
  });

  test('keeps everything else that the function returns', async () => {
    const { aux } = valueAndGrad(square, params(), ['a']);
    expect(aux.note).toBe('kept');
    await expectClose(aux.twice, [6, 16]);
    await expectClose(aux.list[0]!, [4, 9]);
  });

  test('survives a parameter as its own result, and disposes no argument', async () => {
    const all = params();
    const { aux } = valueAndGrad(
      (p) => ({ value: tf.sum(p['a']!) as tf.Scalar, aux: { same: p['a']! } }),
      all,
      ['a'],
    );
    aux.same.dispose();
    await expectClose(all.a, [1, 2]);
  });

  test('leaves nothing behind but its results', () => {
    const all = params();
    expect(
      leaked(() => {
        const { value, grads, aux } = valueAndGrad(square, all, ['a', 'b']);
        tf.dispose([value, grads, aux]);
      }),
    ).toBe(0);
    expect(leaked(() => tf.tidy(() => void valueAndGrad(square, all, ['a'])))).toBe(0);
  });

  test('leaves nothing behind when the function or its gradient fails', () => {
    const all = params();
    const failing = tf.customGrad((...args: unknown[]) => ({
      value: (args[0] as tf.Tensor).clone(),
      gradFunc: () => {
        throw new Error('backwards');
      },
    }));
    const forwards = (): unknown =>
      valueAndGrad(
        (p) => {
          tf.mul(p['a']!, 2);
          throw new Error('forwards');
        },
        all,
        ['a'],
      );
    const backwards = (): unknown =>
      valueAndGrad(
        (p) => ({ value: tf.sum(failing(p['a']!)) as tf.Scalar, aux: { kept: tf.neg(p['a']!) } }),
        all,
        ['a'],
      );
    expect(leaked(() => expect(forwards).toThrow('forwards'))).toBe(0);
    expect(leaked(() => expect(backwards).toThrow('backwards'))).toBe(0);
  });

  test('refuses no names, and names that there are not', () => {
    expect(() => valueAndGrad(square, params(), [])).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
    expect(() => valueAndGrad(square, params(), ['c'])).toThrow(
      expect.objectContaining({ code: 'network-mismatch' }),
    );
  });
});

test('stopGradient passes the value and no gradient', async () => {
  // x * stop(x): only the first factor counts.
  const { value, grads } = valueAndGrad(
    ({ x }) => ({ value: tf.sum(tf.mul(x!, stopGradient(x!))) as tf.Scalar, aux: {} }),
    { x: tf.tensor1d([3, -4]) },
    ['x'],
  );
  await expectClose(value, [25]);
  await expectClose(grads['x']!, [3, -4]);
});

test('globalNorm is the length of all tensors as one vector', async () => {
  await expectClose(globalNorm({ a: tf.tensor2d([[1, 2]]), b: tf.scalar(2) }), [3]);
});
