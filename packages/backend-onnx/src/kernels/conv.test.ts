import * as tf from '@tensorflow/tfjs-core';
import { describe, test } from 'vitest';
import { agrees, type Draw, forSeeds, random } from '../../test/oracle.ts';

type Pad = 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;

function padding(draw: Draw): Pad {
  const one = (): [number, number] => [draw.int(0, 2), draw.int(0, 2)];
  return draw.pick<() => Pad>([
    () => 'same',
    () => 'valid',
    () => draw.int(0, 2),
    () => [[0, 0], one(), one(), [0, 0]],
  ])();
}

interface Case {
  readonly image: number[];
  readonly kernel: [number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: Pad;
}

/** A random image and a window that fits into it; tfjs allows strides or dilations, not both. */
function drawCase(draw: Draw): Case {
  const kernel: [number, number] = [draw.int(1, 4), draw.int(1, 4)];
  const dilated = draw.next() < 0.3;
  const pair = (): [number, number] => [draw.int(1, 3), draw.int(1, 3)];
  return {
    image: [draw.int(1, 3), draw.int(9, 12), draw.int(9, 12), draw.int(1, 4)],
    kernel,
    strides: dilated ? [1, 1] : pair(),
    dilations: dilated ? [draw.int(1, 2), draw.int(1, 2)] : [1, 1],
    pad: padding(draw),
  };
}

describe('convolutions agree with the cpu backend', () => {
  test('conv2d over random windows, value and both gradients', () =>
    forSeeds(40, async (draw) => {
      const { image, kernel, strides, dilations, pad } = drawCase(draw);
      // tfjs has no gradient of dilated convolutions.
      const gradient = dilations.every((d) => d === 1);
      const inputs = [random(draw, image), random(draw, [...kernel, image[3]!, draw.int(1, 5)])];
      const program = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, strides, pad, 'NHWC', dilations);
      await agrees(program as never, inputs, { gradient });
    }));

  test('many channels, value and both gradients', () =>
    forSeeds(1, async (draw) => {
      const shape = [draw.int(1, 2), draw.int(15, 18), draw.int(15, 18), draw.int(48, 56)];
      const inputs = [
        random(draw, shape),
        random(draw, [3, 3, shape[3]!, draw.int(48, 56)], 'float32', -0.5, 0.5),
      ];
      const pad = padding(draw);
      const program = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, pad);
      // Thousands of products in a sum, of size 1.
      await agrees(program as never, inputs, { gradient: true, atol: 1e-4 });
    }));

  test('strided convolutions between convolutions of many channels, all gradients', () =>
    forSeeds(2, async (draw) => {
      const inputs = [
        random(draw, [1, 16, 16, 3]),
        random(draw, [3, 3, 3, 48], 'float32', -0.5, 0.5),
        random(draw, [3, 3, 48, 48], 'float32', -0.5, 0.5),
        random(draw, [draw.int(1, 3), draw.int(1, 3), 48, 5], 'float32', -0.5, 0.5),
        random(draw, [48]),
      ];
      const [stride, pad] = [draw.int(2, 3), draw.pick(['same', 'valid'] as const)];
      await agrees(
        (x, stem, w, down, bias) => {
          const a = tf.conv2d(x as tf.Tensor4D, stem as tf.Tensor4D, 1, 'same');
          const b = tf.conv2d(tf.relu(a), w as tf.Tensor4D, 1, 'same');
          const c = tf.mul(tf.add(a, b), bias!);
          return tf.conv2d(c as tf.Tensor4D, down as tf.Tensor4D, stride, pad);
        },
        inputs,
        { gradient: true, atol: 1e-3 },
      );
    }));

  test('pointwise convolutions alone and between others', () =>
    forSeeds(4, async (draw) => {
      const [x, w, v] = [random(draw, [2, 5, 6, 3]), random(draw, [1, 1, 3, 4]), random(draw, [3, 3, 4, 2])];
      const point = (a: tf.Tensor, b: tf.Tensor): tf.Tensor4D =>
        tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same');
      await agrees(point as never, [x, w], { gradient: true });
      await agrees((a, b, c) => point(tf.relu(point(a!, b!)), c!), [x, w, v], { gradient: true });
      await agrees(
        (a, b, c) => point(tf.relu(point(a!, c!)), b!),
        [random(draw, [2, 5, 6, 4]), random(draw, [1, 1, 2, 3]), v],
        { gradient: true },
      );
    }));

  test('NCHW images, value and both gradients', () =>
    forSeeds(6, async (draw) => {
      const [stride, pad] = [draw.int(1, 2), draw.pick(['same', 'valid'] as const)];
      const program = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad, 'NCHW');
      // The cpu backend cannot do the gradients of NCHW; the same program on transposed images can.
      await agrees(program as never, [random(draw, [2, 3, 6, 7]), random(draw, [3, 2, 3, 4])]);
    }));

  test('transposed convolution, value and gradient', () =>
    forSeeds(8, async (draw) => {
      const [k, stride] = [draw.int(1, 4), draw.int(1, 3)];
      const pad = draw.pick(['same', 'valid'] as const);
      const [h, w] = [draw.int(3, 6), draw.int(3, 6)];
      const size = (n: number): number => (pad === 'same' ? n * stride : (n - 1) * stride + k);
      const shape: [number, number, number, number] = [2, size(h), size(w), 3];
      const inputs = [random(draw, [2, h, w, 4]), random(draw, [k, k, 3, 4])];
      await agrees(
        (x, f) => tf.conv2dTranspose(x as tf.Tensor4D, f as tf.Tensor4D, shape, stride, pad),
        inputs,
        { gradient: true },
      );
    }));

  test('depthwise and separable, value and gradients', () =>
    forSeeds(24, async (draw) => {
      const { image, kernel, strides, dilations, pad } = drawCase(draw);
      const same = draw.int(1, 2);
      const even: [number, number] = [strides[0], strides[0]];
      const inputs = [random(draw, image), random(draw, [...kernel, image[3]!, same])];
      await agrees(
        (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, even, pad, 'NHWC', dilations),
        inputs,
        { gradient: dilations.every((d) => d === 1) },
      );
    }));

  test('fused with bias and activation', () =>
    forSeeds(3, async (draw) => {
      const [x, w, b] = [random(draw, [1, 6, 6, 3]), random(draw, [3, 3, 3, 4]), random(draw, [4])];
      for (const activation of ['linear', 'relu', 'sigmoid'] as const) {
        await agrees(
          (i, filter, bias) =>
            tf.fused.conv2d({
              x: i as tf.Tensor4D,
              filter: filter as tf.Tensor4D,
              strides: 1,
              pad: 'same',
              bias: bias!,
              activation,
            }),
          [x, w, b],
        );
      }
    }));

  test('a chain of convolutions, normalisation and residuals, all gradients', () =>
    forSeeds(3, async (draw) => {
      const inputs = [
        random(draw, [2, 8, 8, 3]),
        random(draw, [3, 3, 3, 4], 'float32', -0.5, 0.5),
        random(draw, [3, 3, 4, 4], 'float32', -0.5, 0.5),
        random(draw, [4]),
        random(draw, [4]),
      ];
      await agrees(
        (x, w1, w2, gamma, beta) => {
          const norm = (y: tf.Tensor): tf.Tensor => {
            const { mean, variance } = tf.moments(y, [0, 1, 2]);
            return tf.add(tf.mul(tf.mul(tf.sub(y, mean), tf.rsqrt(tf.add(variance, 1e-3))), gamma!), beta!);
          };
          const a = tf.relu(norm(tf.conv2d(x as tf.Tensor4D, w1 as tf.Tensor4D, 2, 'same')));
          const b = norm(tf.conv2d(a as tf.Tensor4D, w2 as tf.Tensor4D, 1, 'same'));
          return tf.mean(tf.relu(tf.add(a, b)), [1, 2]);
        },
        inputs,
        { gradient: true, atol: 1e-4 },
      );
    }));
});
