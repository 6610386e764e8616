import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, forSeeds, random } from '../../test/oracle.ts';

type Op = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const arithmetic: Record<string, [Op, number, number]> = {
  add: [tf.add, -2, 2],
  sub: [tf.sub, -2, 2],
  mul: [tf.mul, -2, 2],
  div: [tf.div, 0.5, 2],
  pow: [tf.pow, 0.5, 2],
  atan2: [tf.atan2, -2, 2],
  mod: [tf.mod, 0.3, 3],
};

// tfjs's gradients of these do not broadcast.
const equalShapes: Record<string, Op> = {
  maximum: tf.maximum,
  minimum: tf.minimum,
  squaredDifference: tf.squaredDifference,
};

const comparisons: Record<string, Op> = {
  equal: tf.equal,
  notEqual: tf.notEqual,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
};

describe('elementwise kernels of two inputs agree with the cpu backend', () => {
  test.each(Object.entries(arithmetic))('%s, broadcast, value and gradient', (_, [op, low, high]) =>
    forSeeds(8, async (draw) => {
      const inputs = draw.broadcastable(2).map((shape) => random(draw, shape, 'float32', low, high));
      await agrees(op as never, inputs, { gradient: true });
    }),
  );

  test.each(Object.entries(equalShapes))('%s, value broadcast, gradient on equal shapes', (_, op) =>
    forSeeds(4, async (draw) => {
      await agrees(
        op as never,
        draw.broadcastable(2).map((shape) => random(draw, shape)),
      );
      const shape = draw.shape(3);
      await agrees(op as never, [random(draw, shape), random(draw, shape)], { gradient: true });
    }),
  );

  test.each(['add', 'sub', 'mul', 'maximum', 'minimum', 'squaredDifference'])('%s on int32', (name) =>
    forSeeds(4, async (draw) => {
      const inputs = draw.broadcastable(2).map((shape) => random(draw, shape, 'int32'));
      await agrees((arithmetic[name]?.[0] ?? equalShapes[name]) as never, inputs);
    }),
  );

  test('integer division and modulo round towards minus infinity', () =>
    forSeeds(4, async (draw) => {
      const a = random(draw, [4, 3], 'int32');
      const b = { values: a.values.map((_, k) => (k % 2 ? 3 : -2)), shape: [4, 3], dtype: 'int32' as const };
      for (const op of [tf.floorDiv, tf.div, tf.mod]) await agrees(op as never, [a, b]);
    }));

  test('modulo keeps the sign of the divisor', () =>
    forSeeds(4, async (draw) => {
      const divisors = random(draw, [6], 'float32', 0.5, 2);
      const signed = { ...divisors, values: divisors.values.map((v, k) => (k % 2 ? v : -v)) };
      await agrees(tf.mod as never, [random(draw, [6]), signed]);
    }));

  test.each(Object.entries(comparisons))('%s', (_, op) =>
    forSeeds(6, async (draw) => {
      const dtype = draw.pick(['float32', 'int32'] as const);
      await agrees(
        op as never,
        draw.broadcastable(2).map((shape) => random(draw, shape, dtype)),
      );
    }),
  );

  test('logical operators', () =>
    forSeeds(3, async (draw) => {
      for (const op of [tf.logicalAnd, tf.logicalOr, tf.logicalXor]) {
        await agrees(
          op as never,
          draw.broadcastable(2).map((shape) => random(draw, shape, 'bool')),
        );
      }
    }));

  test('prelu, addN and where, value and gradient', () =>
    forSeeds(4, async (draw) => {
      await agrees(tf.prelu as never, [random(draw, [2, 3, 4]), random(draw, [4])], { gradient: true });
      const three = [0, 1, 2].map(() => random(draw, [3, 2]));
      await agrees((...xs) => tf.addN(xs), three, { gradient: true });
      const test_ = random(draw, [3, 2], 'bool');
      await agrees((c, a, b) => tf.where(c!, a!, b!), [test_, random(draw, [3, 2]), random(draw, [3, 2])]);
      await agrees(
        (a, b) => tf.where(tf.tensor2d([1, 0, 0, 1, 1, 0], [3, 2], 'bool'), a!, b!),
        [random(draw, [3, 2]), random(draw, [3, 2])],
        { gradient: true },
      );
    }));

  test('mixed dtypes are upcast', () =>
    forSeeds(3, async (draw) => {
      await agrees(tf.mul as never, [random(draw, [3]), random(draw, [2, 3], 'int32')]);
      await agrees(tf.add as never, [random(draw, [3], 'bool'), random(draw, [2, 3], 'int32')]);
      await agrees(tf.add as never, [random(draw, [3], 'bool'), random(draw, [2, 3])]);
    }));
});
