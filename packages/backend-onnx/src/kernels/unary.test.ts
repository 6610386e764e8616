import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, forSeeds, random } from '../../test/oracle.ts';

type Op = (x: tf.Tensor) => tf.Tensor;

/** Domain where the function is smooth enough for a tolerance, then whether it has a gradient. */
const ops: Record<string, [Op, number, number]> = {
  abs: [tf.abs, -2, 2],
  acos: [tf.acos, -0.9, 0.9],
  acosh: [tf.acosh, 1.1, 4],
  asin: [tf.asin, -0.9, 0.9],
  asinh: [tf.asinh, -3, 3],
  atan: [tf.atan, -3, 3],
  atanh: [tf.atanh, -0.9, 0.9],
  ceil: [tf.ceil, -3, 3],
  clip: [(x) => tf.clipByValue(x, -0.5, 0.75), -2, 2],
  cos: [tf.cos, -3, 3],
  cosh: [tf.cosh, -3, 3],
  elu: [tf.elu, -3, 3],
  erf: [tf.erf, -3, 3],
  exp: [tf.exp, -3, 3],
  expm1: [tf.expm1, -1, 3],
  floor: [tf.floor, -3, 3],
  leakyRelu: [(x) => tf.leakyRelu(x, 0.1), -3, 3],
  log: [tf.log, 0.1, 4],
  log1p: [tf.log1p, -0.5, 4],
  logSigmoid: [tf.logSigmoid, -3, 3],
  neg: [tf.neg, -3, 3],
  reciprocal: [tf.reciprocal, 0.2, 3],
  relu: [tf.relu, -3, 3],
  relu6: [tf.relu6, -3, 9],
  round: [tf.round, -3, 3],
  rsqrt: [tf.rsqrt, 0.2, 3],
  selu: [tf.selu, -3, 3],
  sigmoid: [tf.sigmoid, -5, 5],
  sign: [tf.sign, -3, 3],
  sin: [tf.sin, -3, 3],
  sinh: [tf.sinh, -3, 3],
  softplus: [tf.softplus, -5, 5],
  sqrt: [tf.sqrt, 0.1, 3],
  square: [tf.square, -3, 3],
  step: [(x) => tf.step(x, 0.25), -2, 2],
  tan: [tf.tan, -1, 1],
  tanh: [tf.tanh, -3, 3],
};

describe('elementwise kernels of one input agree with the cpu backend', () => {
  test.each(Object.entries(ops))('%s, value and gradient', (_, [op, low, high]) =>
    forSeeds(4, async (draw) => {
      await agrees(op, [random(draw, draw.shape(draw.int(0, 4)), 'float32', low, high)], { gradient: true });
    }),
  );

  test.each(['abs', 'clip', 'exp', 'neg', 'relu', 'relu6', 'round', 'sign', 'square'])(
    '%s on int32',
    (name) => forSeeds(3, (draw) => agrees(ops[name]![0], [random(draw, [3, 4], 'int32')])),
  );

  test('special values', async () => {
    const values = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, Infinity, -Infinity, NaN, 1e-8, -1e-8, 1e30];
    const special = { values, shape: [values.length], dtype: 'float32' as const };
    for (const op of [
      tf.sign,
      tf.isNaN,
      tf.isInf,
      tf.isFinite,
      tf.relu,
      tf.relu6,
      tf.step,
      tf.round,
      tf.softplus,
      tf.sigmoid,
      tf.tanh,
      tf.exp,
      tf.expm1,
      tf.log1p,
      tf.abs,
      tf.elu,
    ]) {
      await agrees(op as Op, [special]);
    }
  });

  test('small arguments of expm1 and log1p keep their digits', async () => {
    const values = [1e-7, -1e-7, 1e-5, 1e-3, -1e-3];
    for (const op of [tf.expm1, tf.log1p]) {
      await agrees(op as Op, [{ values, shape: [5], dtype: 'float32' }], { rtol: 1e-5, atol: 0 });
    }
  });

  test('casts', () =>
    forSeeds(2, async (draw) => {
      for (const from of ['float32', 'int32', 'bool'] as const) {
        for (const to of ['float32', 'int32', 'bool'] as const) {
          await agrees((x) => tf.cast(x, to), [random(draw, [2, 5], from)]);
        }
      }
    }));

  test('logicalNot, zerosLike, onesLike', () =>
    forSeeds(2, async (draw) => {
      await agrees(tf.logicalNot, [random(draw, [7], 'bool')]);
      for (const dtype of ['float32', 'int32', 'bool'] as const) {
        await agrees(tf.zerosLike, [random(draw, [2, 3], dtype)]);
        await agrees(tf.onesLike, [random(draw, [2, 3], dtype)]);
      }
    }));
});
