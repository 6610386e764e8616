import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, forSeeds, random } from '../../test/oracle.ts';

const dtypes = ['float32', 'int32', 'bool'] as const;

describe('kernels that move values agree with the cpu backend', () => {
  test('slice, value and gradient', () =>
    forSeeds(10, async (draw) => {
      const shape = draw.shape(draw.int(1, 4), 6);
      const begin = shape.map((d) => draw.int(0, d - 1));
      const size = shape.map((d, k) => (draw.next() < 0.2 ? -1 : draw.int(1, d - begin[k]!)));
      await agrees((x) => tf.slice(x!, begin, size), [random(draw, shape)], { gradient: true });
      await agrees((x) => tf.slice(x!, begin, size), [random(draw, shape, draw.pick(dtypes))]);
    }));

  test('stridedSlice with negative strides and masks', () =>
    forSeeds(10, async (draw) => {
      const shape = draw.shape(3, 6);
      const strides = shape.map(() => draw.pick([-2, -1, 1, 2]));
      const begin = strides.map((s, k) => (s > 0 ? 0 : shape[k]! - 1));
      const end = strides.map((s, k) => (s > 0 ? shape[k]! : -shape[k]! - 1));
      await agrees((x) => tf.stridedSlice(x!, begin, end, strides), [random(draw, shape)]);
      await agrees(
        (x) => tf.stridedSlice(x!, [0, 0, 0], [1, 1, 1], [1, 1, 1], 1, 2, 0, 0, 4),
        [random(draw, shape)],
      );
    }));

  test('pad, value and gradient; mirrorPad', () =>
    forSeeds(8, async (draw) => {
      const shape = draw.shape(draw.int(1, 4)).map((d) => d + 2);
      const paddings = shape.map((): [number, number] => [draw.int(0, 2), draw.int(0, 2)]);
      await agrees((x) => tf.pad(x!, paddings, 0.5), [random(draw, shape)], { gradient: true });
      await agrees((x) => tf.pad(x!, paddings, 1), [random(draw, shape, draw.pick(dtypes))]);
      for (const mode of ['reflect', 'symmetric'] as const) {
        await agrees((x) => tf.mirrorPad(x!, paddings, mode), [random(draw, shape)]);
      }
    }));

  test('concat, stack, unstack and split, value and gradient', () =>
    forSeeds(6, async (draw) => {
      const shape = draw.shape(draw.int(1, 4));
      const axis = draw.int(0, shape.length - 1);
      const parts = [0, 1, 2].map(() => random(draw, shape.with(axis, draw.int(1, 4))));
      await agrees((...xs) => tf.concat(xs, axis), parts, { gradient: true });
      const equal = [0, 1].map(() => random(draw, shape));
      await agrees((...xs) => tf.stack(xs, draw.int(0, 0)), equal, { gradient: true });
      await agrees((...xs) => tf.stack(xs, shape.length), equal, { gradient: true });
      // tfjs's gradient fails for a list of one.
      await agrees((x) => tf.unstack(x!, axis), [random(draw, shape)], { gradient: shape[axis]! > 1 });
      const long = random(draw, shape.with(axis, 6));
      await agrees((x) => tf.split(x!, 3, axis), [long], { gradient: true });
      await agrees((x) => tf.split(x!, [1, 2, 3], axis), [long], { gradient: true });
      await agrees(
        (...xs) => tf.concat(xs, axis),
        [0, 1].map(() => random(draw, shape, draw.pick(['int32']))),
      );
    }));

  test('transpose, reshape, expandDims, squeeze, value and gradient', () =>
    forSeeds(6, async (draw) => {
      const shape = draw.shape(4);
      const perm = [0, 1, 2, 3].sort(() => draw.next() - 0.5);
      await agrees((x) => tf.transpose(x!, perm), [random(draw, shape)], { gradient: true });
      await agrees((x) => tf.transpose(x!, perm), [random(draw, shape, 'bool')]);
      await agrees(
        (x) => tf.reshape(tf.mul(tf.reshape(x!, [-1]), 2), shape.toReversed()),
        [random(draw, shape)],
        { gradient: true },
      );
      await agrees((x) => tf.squeeze(tf.expandDims(tf.neg(x!), 1), [1]), [random(draw, shape)], {
        gradient: true,
      });
    }));

  test('tile, broadcastTo and reverse, value and gradient', () =>
    forSeeds(6, async (draw) => {
      const shape = draw.shape(3, 4);
      const reps = shape.map(() => draw.int(1, 3));
      await agrees((x) => tf.tile(x!, reps), [random(draw, shape)], { gradient: true });
      const wide = shape.map((d) => (draw.bool() ? 1 : d));
      await agrees((x) => tf.broadcastTo(x!, [2, ...shape]), [random(draw, wide)], { gradient: true });
      const axes = [0, 1, 2].filter(() => draw.bool());
      await agrees((x) => tf.reverse(x!, axes), [random(draw, shape)], { gradient: true });
      await agrees((x) => tf.image.flipLeftRight(x as tf.Tensor4D), [random(draw, [2, 3, 4, 2])]);
    }));

  test('space and batch, depth and space', () =>
    forSeeds(4, async (draw) => {
      const block = [draw.int(1, 3), draw.int(1, 3)];
      const crops = block.map((b) => [draw.int(0, b - 1), 0]);
      const image = random(draw, [2, ...block.map((b, k) => 3 * b - crops[k]![0]!), 3]);
      await agrees((x) => tf.spaceToBatchND(x!, block, crops), [image], { gradient: true });
      const batch = random(draw, [2 * block[0]! * block[1]!, 3, 4, 2]);
      await agrees((x) => tf.batchToSpaceND(x!, block, crops), [batch], { gradient: true });
      await agrees((x) => tf.depthToSpace(x as tf.Tensor4D, 2, 'NHWC'), [random(draw, [1, 2, 3, 8])]);
    }));

  test('values that follow from attributes', async () => {
    await agrees(
      () => [tf.fill([2, 3], 4), tf.fill([2], 3, 'int32'), tf.range(2, 11, 3), tf.range(5, 1, -2, 'int32')],
      [],
    );
    await agrees(() => [tf.linspace(0, 1, 5), tf.eye(3), tf.zeros([2]), tf.ones([2, 2], 'int32')], []);
  });
});
