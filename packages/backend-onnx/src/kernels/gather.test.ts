import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, forSeeds, ints, random } from '../../test/oracle.ts';

describe('kernels that address by index agree with the cpu backend', () => {
  test('gather along any axis, value and gradient', () =>
    forSeeds(8, async (draw) => {
      const shape = draw.shape(draw.int(1, 4));
      const axis = draw.int(0, shape.length - 1);
      const indices = Array.from({ length: draw.int(1, 6) }, () => draw.int(0, shape[axis]! - 1));
      await agrees((x) => tf.gather(x!, tf.tensor1d(indices, 'int32'), axis), [random(draw, shape)], {
        gradient: true,
      });
      await agrees(
        (x, i) => tf.gather(x!, i!, axis),
        [random(draw, shape, 'int32'), ints(draw, [2, 3], 0, shape[axis]! - 1)],
      );
    }));

  test('gather with batch dimensions', () =>
    forSeeds(6, async (draw) => {
      const x = random(draw, [2, 3, 4, 5]);
      await agrees((t, i) => tf.gather(t!, i!, 2, 1), [x, ints(draw, [2, 6], 0, 3)]);
      await agrees((t, i) => tf.gather(t!, i!, 1, 1), [x, ints(draw, [2, 2], 0, 2)]);
      await agrees((t, i) => tf.gather(t!, i!, 2, 2), [x, ints(draw, [2, 3, 2], 0, 3)]);
    }));

  test('gatherND and scatterND', () =>
    forSeeds(6, async (draw) => {
      const depth = draw.int(1, 3);
      await agrees((x, i) => tf.gatherND(x!, i!), [random(draw, [3, 3, 3]), ints(draw, [4, depth], 0, 2)]);
      const updates = random(draw, [4, ...[3, 3, 3].slice(depth)]);
      await agrees((i, u) => tf.scatterND(i!, u!, [3, 3, 3]), [ints(draw, [4, depth], 0, 2), updates]);
      await agrees(
        (t, i, u) => tf.tensorScatterUpdate(t!, i!, u!),
        [random(draw, [3, 3, 3]), { values: [0, 2], shape: [2, 1], dtype: 'int32' }, random(draw, [2, 3, 3])],
      );
    }));

  test('one-hot of indices inside and outside the depth', () =>
    forSeeds(4, async (draw) => {
      const indices = ints(draw, draw.shape(draw.int(1, 3)), -2, 6);
      await agrees((i) => tf.oneHot(i!, 5), [indices]);
      await agrees((i) => tf.oneHot(i!, 5, 0.9, 0.1, 'float32'), [indices]);
    }));

  test('unsortedSegmentSum drops ids outside the range, value and gradient', () =>
    forSeeds(6, async (draw) => {
      const ids = Array.from({ length: 5 }, () => draw.int(-1, 3));
      const sum = (x: tf.Tensor): tf.Tensor => tf.unsortedSegmentSum(x, tf.tensor1d(ids, 'int32'), 4);
      await agrees(sum as never, [random(draw, [5, 2, 3])], { gradient: true });
    }));

  test('counting, dense from sparse, diagonal', () =>
    forSeeds(4, async (draw) => {
      const values = ints(draw, [7], 0, 4);
      await agrees((x) => tf.bincount(x as tf.Tensor1D, tf.tensor1d([]), 5), [values]);
      await agrees((x, w) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 5), [values, random(draw, [7])]);
      await agrees(
        (x, w) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 5),
        [ints(draw, [2, 6], 0, 4), random(draw, [2, 6])],
      );
      await agrees(
        (v) =>
          tf.sparseToDense(
            tf.tensor2d(
              [
                [0, 1],
                [2, 0],
              ],
              [2, 2],
              'int32',
            ),
            v!,
            [3, 3],
            0.5,
          ),
        [random(draw, [2])],
      );
      await agrees((x) => tf.diag(x!), [random(draw, [2, 3])]);
    }));

  test('kernels without a lowering run on the host, before and after graphs', () =>
    forSeeds(2, async (draw) => {
      const signal = random(draw, [2, 5, 5, 3]);
      await agrees((x) => tf.relu(tf.localResponseNormalization(tf.mul(x!, 2) as tf.Tensor4D, 2)), [signal], {
        gradient: true,
      });
    }));
});
