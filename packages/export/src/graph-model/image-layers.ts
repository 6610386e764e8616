// Layers of images as TensorFlow operations; what each computes is said in core's `layers.ts`.
//
// Suffixes: H height, W width, C channels.

import { type Net, NORM_EPSILON } from '@ma-net/core';
import { flag, type Graph, integers, text, type Value } from './graph.ts';
import type { Tensors } from './tensors.ts';

type ImageLayers = Pick<
  Net<Value>,
  | 'conv'
  | 'dense'
  | 'batchNorm'
  | 'relu'
  | 'gelu'
  | 'add'
  | 'concat'
  | 'maxPool'
  | 'avgPool'
  | 'globalAveragePool'
  | 'flatten'
>;

/** What padding is filled with for a maximum: the lowest float32. */
const LOWEST = -3.4028234663852886e38;

export function imageLayers(g: Graph, tensors: Tensors): ImageLayers {
  const weight = (name: string): Value => g.constant(name, () => tensors.get(name));

  /** Zeros, or another value, on every side of the image. */
  const padded = (x: Value, pad: number, value: number): Value => {
    if (pad === 0) return x;
    const sides = g.integers([0, 0, pad, pad, pad, pad, 0, 0], [4, 2]);
    const [batch, height, width, channels] = x.shape as Image;
    const shape = [batch, height + 2 * pad, width + 2 * pad, channels];
    return g.op('PadV2', [x, sides, g.number(value)], shape);
  };

  const pooled = (op: 'MaxPool' | 'AvgPool', x: Value, kernel: number, stride: number): Value => {
    const attr = {
      ksize: integers([1, kernel, kernel, 1]),
      strides: integers([1, stride, stride, 1]),
      padding: text('VALID'),
      data_format: text('NHWC'),
    };
    return g.op(op, [x], windows(x, kernel, stride, 0, x.shape[3]!), { attr });
  };

  return {
    conv(name, x, { kernel, stride = 1, pad = Math.floor(kernel / 2), bias = false }) {
      const kernel_HWIO = weight(`${name}.weight`);
      const attr = {
        strides: integers([1, stride, stride, 1]),
        dilations: integers([1, 1, 1, 1]),
        data_format: text('NHWC'),
        padding: text(pad === 0 ? 'VALID' : 'EXPLICIT'),
        explicit_paddings: integers(pad === 0 ? [] : [0, 0, pad, pad, pad, pad, 0, 0]),
      };
      const shape = windows(x, kernel, stride, pad, kernel_HWIO.shape[3]!);
      const y = g.op('Conv2D', [x, kernel_HWIO], shape, { name, attr });
      return bias ? g.op('AddV2', [y, weight(`${name}.bias`)], shape, { name: `${name}/bias` }) : y;
    },

    dense(name, x, { bias = true }) {
      const kernel_IO = weight(`${name}.weight`);
      const [inputs, outputs] = kernel_IO.shape as readonly [number, number];
      const rows = x.shape.length === 2 ? x : g.reshape(x, [-1, inputs]);
      const attr = { transpose_a: flag(false), transpose_b: flag(false) };
      const product = g.op('MatMul', [rows, kernel_IO], [-1, outputs], { name, attr });
      const y = bias
        ? g.op('AddV2', [product, weight(`${name}.bias`)], product.shape, { name: `${name}/bias` })
        : product;
      return x.shape.length === 2 ? y : g.reshape(y, [...x.shape.slice(0, -1), outputs]);
    },

    // With the running statistics it is one product and one sum, whose numbers can be known beforehand.
    batchNorm(name, x) {
      const scale_C = g.constant(`${name}.scale`, () =>
        tensors.combine(
          [`${name}.weight`, `${name}.running_var`],
          (gain, variance) => gain! / Math.sqrt(variance! + NORM_EPSILON),
        ),
      );
      const shift_C = g.constant(`${name}.shift`, () =>
        tensors.combine(
          [`${name}.weight`, `${name}.bias`, `${name}.running_mean`, `${name}.running_var`],
          (gain, offset, mean, variance) => offset! - (mean! * gain!) / Math.sqrt(variance! + NORM_EPSILON),
        ),
      );
      const scaled = g.op('Mul', [x, scale_C], x.shape, { name: `${name}/scaled` });
      return g.op('AddV2', [scaled, shift_C], x.shape, { name });
    },

    relu: (x) => g.op('Relu', [x], x.shape),

    gelu(x) {
      const phi = g.op('Erf', [g.op('Mul', [x, g.number(Math.SQRT1_2)], x.shape)], x.shape);
      const half = g.op('Mul', [x, g.number(0.5)], x.shape);
      return g.op('Mul', [half, g.op('AddV2', [phi, g.number(1)], x.shape)], x.shape);
    },

    add: (a, b) => g.op('AddV2', [a, b], a.shape[0] === -1 ? a.shape : b.shape),
    concat: (values) => g.concat(values, values[0]!.shape.length - 1),

    // The converter's pools know no explicit padding.
    maxPool: (x, { kernel, stride, pad = 0 }) => pooled('MaxPool', padded(x, pad, LOWEST), kernel, stride),

    avgPool(x, { kernel, stride, pad = 0 }) {
      const mean = pooled('AvgPool', padded(x, pad, 0), kernel, stride);
      if (pad === 0) return mean;
      const [, height, width] = x.shape as Image;
      const [, rows, columns] = mean.shape as Image;
      const name = `uncounted/${height}x${width}_${kernel}_${stride}_${pad}`;
      const factor = g.constant(name, () => ({
        shape: [1, rows, columns, 1],
        dtype: 'float32',
        data: Float32Array.from({ length: rows * columns }, (_, at) => {
          const [y, x0] = [Math.floor(at / columns) * stride - pad, (at % columns) * stride - pad];
          return kernel ** 2 / (inside(y, kernel, height) * inside(x0, kernel, width));
        }),
      }));
      return g.op('Mul', [mean, factor], mean.shape);
    },

    globalAveragePool(x) {
      const attr = { keep_dims: flag(false) };
      return g.op('Mean', [x, g.integers([1, 2])], [x.shape[0]!, x.shape[3]!], { attr });
    },

    flatten: (x) => g.reshape(x, [-1, x.shape.slice(1).reduce((a, b) => a * b, 1)]),
  };
}

type Image = readonly [number, number, number, number];

/** Shape of what a window that moves over an image gives. */
function windows(x: Value, kernel: number, stride: number, pad: number, channels: number): number[] {
  const [batch, height, width] = x.shape as Image;
  const along = (size: number): number => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  return [batch, along(height), along(width), channels];
}

/** How many of `kernel` places from `start` on lie in an axis of `size`. */
function inside(start: number, kernel: number, size: number): number {
  return Math.min(start + kernel, size) - Math.max(start, 0);
}
