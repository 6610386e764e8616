import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, type Draw, forSeeds, random } from '../../test/oracle.ts';

function axes(draw: Draw, rank: number): number[] | undefined {
  if (draw.next() < 0.2) return undefined;
  return Array.from({ length: rank }, (_, k) => k).filter(() => draw.bool());
}

describe('reductions agree with the cpu backend', () => {
  const smooth = { sum: tf.sum, mean: tf.mean, max: tf.max, min: tf.min } as const;

  test.each(Object.entries(smooth))('%s over random axes, value and gradient', (_, op) =>
    forSeeds(10, async (draw) => {
      const shape = draw.shape(draw.int(0, 4));
      const axis = axes(draw, shape.length);
      const keepDims = draw.bool();
      await agrees((x) => op(x!, axis, keepDims), [random(draw, shape)], { gradient: true });
    }),
  );

  test('sum, max, min, prod and mean of int32 and bool', () =>
    forSeeds(4, async (draw) => {
      for (const op of [tf.sum, tf.max, tf.min, tf.prod, tf.mean]) {
        await agrees((x) => op(x!, 1), [random(draw, [2, 3, 4], 'int32')]);
      }
      await agrees((x) => tf.sum(x!, 0), [random(draw, [3, 4], 'bool')]);
      await agrees((x) => tf.mean(x!, 0), [random(draw, [3, 4], 'bool')]);
    }));

  test('products over random axes', () =>
    forSeeds(4, async (draw) => {
      const axis = axes(draw, 3);
      await agrees((x) => tf.prod(x!, axis), [random(draw, draw.shape(3))]);
    }));

  test('all and any', () =>
    forSeeds(4, async (draw) => {
      const input = random(draw, draw.shape(3), 'bool');
      const axis = axes(draw, 3);
      await agrees((x) => tf.all(x!, axis), [input]);
      await agrees((x) => tf.any(x!, axis, true), [input]);
    }));

  test('argMax and argMin take the first of equals', () =>
    forSeeds(6, async (draw) => {
      const axis = draw.int(0, 2);
      for (const dtype of ['float32', 'int32'] as const) {
        await agrees((x) => tf.argMax(x!, axis), [random(draw, draw.shape(3), dtype)]);
        await agrees((x) => tf.argMin(x!, axis), [random(draw, draw.shape(3), dtype)]);
      }
    }));

  test('softmax and logSoftmax, value and gradient', () =>
    forSeeds(6, async (draw) => {
      const shape = draw.shape(draw.int(1, 4));
      for (const op of [tf.softmax, tf.logSoftmax, tf.logSumExp]) {
        await agrees((x) => op(x!), [random(draw, shape, 'float32', -5, 5)], { gradient: true });
      }
    }));

  test('cumsum in every mode, value and gradient', () =>
    forSeeds(8, async (draw) => {
      const shape = draw.shape(3);
      const [axis, exclusive, reverse] = [draw.int(0, 2), draw.bool(), draw.bool()];
      await agrees((x) => tf.cumsum(x!, axis, exclusive, reverse), [random(draw, shape)], {
        gradient: axis === 2,
      });
      await agrees((x) => tf.cumsum(x!, axis, exclusive, reverse), [random(draw, shape, 'int32')]);
      await agrees((x) => tf.cumprod(x!, axis, exclusive, reverse), [random(draw, shape)]);
    }));

  test('topk, largest first and lower index among equals', () =>
    forSeeds(6, async (draw) => {
      const shape = draw.shape(draw.int(1, 3), 6);
      const k = draw.int(1, shape.at(-1)!);
      for (const dtype of ['float32', 'int32'] as const) {
        await agrees((x) => Object.values(tf.topk(x!, k)), [random(draw, shape, dtype)]);
      }
    }));

  test('moments and norms, value and gradient', () =>
    forSeeds(3, async (draw) => {
      const image = random(draw, [2, 3, 4, 5]);
      await agrees((x) => Object.values(tf.moments(x!, [0, 1, 2])), [image], { gradient: true });
      await agrees((x) => tf.norm(x!, 'euclidean', [1, 2]), [image], { gradient: true });
    }));
});
