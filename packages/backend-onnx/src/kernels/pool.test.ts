import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, forSeeds, random } from '../../test/oracle.ts';

describe('pooling agrees with the cpu backend', () => {
  test('max and average over random windows, value and gradient', () =>
    forSeeds(24, async (draw) => {
      const shape = [draw.int(1, 3), draw.int(5, 9), draw.int(5, 9), draw.int(1, 4)];
      const size: [number, number] = [draw.int(1, 3), draw.int(1, 3)];
      const strides: [number, number] = [draw.int(1, 3), draw.int(1, 3)];
      const pad = draw.pick(['same', 'valid', 0, 1] as const);
      const rounding = typeof pad === 'number' ? draw.pick(['floor', 'ceil'] as const) : undefined;
      // A window that lies wholly in the padding has no maximum.
      if (pad === 1 && Math.min(...size) < 2) return;
      if (rounding === 'ceil' && strides.some((s, k) => s > size[k]!)) return;
      // The cpu backend's gradients forget the rounding mode.
      const gradient = rounding !== 'ceil';
      const x = random(draw, shape);
      await agrees((i) => tf.maxPool(i as tf.Tensor4D, size, strides, pad, rounding), [x], { gradient });
      await agrees((i) => tf.avgPool(i as tf.Tensor4D, size, strides, pad, rounding), [x], { gradient });
    }));

  test('the gradient of ties goes to the first maximum', () =>
    forSeeds(3, async (draw) => {
      const x = random(draw, [2, 6, 6, 3], 'int32');
      await agrees((i) => tf.maxPool(i as tf.Tensor4D, 3, 2, 'same'), [{ ...x, dtype: 'float32' }], {
        gradient: true,
      });
    }));

  test('three-dimensional pooling runs on the host', () =>
    forSeeds(1, async (draw) => {
      await agrees((i) => tf.maxPool3d(i as tf.Tensor5D, 2, 2, 'valid'), [random(draw, [1, 4, 4, 4, 2])], {
        gradient: true,
      });
    }));
});
