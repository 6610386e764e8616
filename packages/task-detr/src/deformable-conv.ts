// Convolution at places that the network chooses (Dai et al. 2017, equation 2; with modulation Zhu et al. 2019, equation
// 1). Suffixes: B batch, H and W rows and columns, C channels in, O channels out, K taps of a window, P positions.

import { type ConvOptions, kaimingFanOut, type Op, padOf, sampleAt } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Convolution whose tap k reads at its place plus an offset, times a weight. The inputs are x [H, W, C], the offsets
 * [h, w, 2 K] in positions of x, the vertical one of each tap first, taps row by row, and the weights of taps [h, w, K],
 * which may be left out. Beyond x there are zeros.
 */
export const deformableConv: Op<ConvOptions> = {
  kind: 'detr.deformableConv',
  describe(on, name, [x, offsets, modulation], options) {
    const { kernel, stride = 1, dilation = 1, bias = false } = options;
    const [height, width, channels] = x!.shape as [number, number, number];
    const span = (on.whole('kernel', kernel, 1) - 1) * on.whole('dilation', dilation, 1) + 1;
    const pad = padOf({ kernel, stride, dilation, pad: options.pad });
    const places = (size: number): number =>
      Math.floor((size + 2 * pad - span) / on.whole('stride', stride, 1)) + 1;
    const grid = [places(height), places(width)];
    for (const [what, value, each] of [
      ['offsets', offsets, 2],
      ['weights of taps', modulation, 1],
    ] as const) {
      const expected = [...grid, each * kernel * kernel];
      if (value === undefined && each === 1) continue;
      if (x!.shape.length !== 3 || value === undefined || value.shape.join() !== expected.join()) {
        return on.refuse(
          `The ${what} are [${value?.shape.join(', ') ?? ''}], and the windows of [${x!.shape.join(', ')}] need [${expected.join(', ')}].`,
          'make them by a convolution that ends at the size of this one.',
        );
      }
      on.pin(value);
    }
    const out = on.width(`${name}.weight`, 3, options.out);
    const shape = [kernel, kernel, channels, out] as const;
    const init = options.init ?? kaimingFanOut(shape);
    const spec = { kind: 'conv', shape, init, positions: grid[0]! * grid[1]! } as const;
    const { biasInit } = options;
    return {
      shape: [...grid, out],
      spaces: [on.kernel(name, x!, spec, biasInit === undefined ? { bias } : { bias, biasInit })],
      stride: x!.stride * stride,
    };
  },
  execute(on, name, [x, offsets, modulation], { kernel, stride = 1, dilation = 1, bias = false, ...more }) {
    const pad = padOf({ kernel, stride, dilation, ...more });
    const [batch, rows, columns] = offsets!.shape as [number, number, number];
    const taps = kernel * kernel;
    const points = rows * columns * taps;
    const base = (of: (row: number, column: number, tap: number) => number): tf.Tensor =>
      tf.tensor2d(
        Float32Array.from({ length: points }, (_, i) => {
          const place = Math.floor(i / taps);
          return of(Math.floor(place / columns), place % columns, i % taps);
        }),
        [1, points],
      );
    const [dv, du] = tf.unstack(tf.reshape(offsets!, [batch, points, 2]), 2) as [tf.Tensor, tf.Tensor];
    const v_BP = tf.add(
      dv,
      base((row, _, tap) => row * stride - pad + Math.floor(tap / kernel) * dilation),
    );
    const u_BP = tf.add(
      du,
      base((_, column, tap) => column * stride - pad + (tap % kernel) * dilation),
    );
    const found_BPC = sampleAt(x as tf.Tensor4D, u_BP as tf.Tensor2D, v_BP as tf.Tensor2D);
    const weighted =
      modulation === undefined ? found_BPC : tf.mul(found_BPC, tf.reshape(modulation, [batch, points, 1]));
    const kernel_KCO = on.param(`${name}.weight`);
    const out = kernel_KCO.shape.at(-1)!;
    const product = tf.matMul(
      tf.reshape(weighted, [batch * rows * columns, taps * x!.shape[3]!]) as tf.Tensor2D,
      tf.reshape(kernel_KCO, [-1, out]) as tf.Tensor2D,
    );
    const y = tf.reshape(product, [batch, rows, columns, out]);
    return bias ? tf.add(y, on.param(`${name}.bias`)) : y;
  },
};
