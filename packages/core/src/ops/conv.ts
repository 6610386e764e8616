import * as tf from '@tensorflow/tfjs-core';
import { type Initializer, kaimingFanOut } from '../init.ts';
import { conv2d } from '../layers.ts';
import type { Op } from '../op.ts';
import { imageOf, kernelFor, windowsOf } from '../shapes.ts';

export interface ConvOptions {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on every side; floor(kernel / 2) unless given. */
  readonly pad?: number;
  readonly bias?: boolean;
  readonly init?: Initializer;
}

/** Convolution of [B, H, W, C], `<name>.weight` and optionally `<name>.bias`. */
export const conv: Op<ConvOptions> = {
  kind: 'conv',
  describe(on, name, [x], options) {
    const { kernel, stride = 1, pad, bias = false } = options;
    const [height, width, channels] = imageOf(on, x!);
    const out = on.width(`${name}.weight`, 3, options.out);
    const { rows, columns } = windowsOf(on, [height, width], { kernel, stride, pad });
    const shape = [kernel, kernel, channels, out] as const;
    const init = options.init ?? kaimingFanOut(shape);
    const spec = { kind: 'conv', shape, init, positions: rows * columns } as const;
    return {
      shape: [rows, columns, out],
      spaces: [on.kernel(name, x!, spec, { bias })],
      stride: x!.stride * stride,
    };
  },
  execute(on, name, [x], { kernel, stride = 1, pad = Math.floor(kernel / 2), bias = false }) {
    const kernel_HWIO = kernelFor(on, name, x!, 2) as tf.Tensor4D;
    const y = conv2d(x as tf.Tensor4D, kernel_HWIO, { stride, pad });
    return bias ? tf.add(y, on.param(`${name}.bias`)) : y;
  },
};
