import * as tf from '@tensorflow/tfjs-core';
import { type Initializer, kaimingFanOut } from '../init.ts';
import { conv2d } from '../layers.ts';
import type { Op } from '../op.ts';
import { imageOf, kernelFor, padOf, windowsOf } from '../shapes.ts';

export interface ConvOptions {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on every side; half of what a window reaches over unless given, which is floor(kernel / 2) without dilation. */
  readonly pad?: number;
  /** Positions from one tap of a window to the next (Yu & Koltun 2016); 1 unless given. */
  readonly dilation?: number;
  readonly bias?: boolean;
  readonly init?: Initializer;
  /** Of the bias; uniform within 1 / sqrt(fan-in) unless given. */
  readonly biasInit?: Initializer;
}

/** Convolution of [B, H, W, C], `<name>.weight` and optionally `<name>.bias`. */
export const conv: Op<ConvOptions> = {
  kind: 'conv',
  describe(on, name, [x], options) {
    const { kernel, stride = 1, pad, dilation, bias = false, biasInit } = options;
    const [height, width, channels] = imageOf(on, x!);
    const out = on.width(`${name}.weight`, 3, options.out);
    const { rows, columns } = windowsOf(on, [height, width], { kernel, stride, pad, dilation });
    const shape = [kernel, kernel, channels, out] as const;
    const init = options.init ?? kaimingFanOut(shape);
    const spec = { kind: 'conv', shape, init, positions: rows * columns } as const;
    return {
      shape: [rows, columns, out],
      spaces: [on.kernel(name, x!, spec, biasInit === undefined ? { bias } : { bias, biasInit })],
      stride: x!.stride * stride,
    };
  },
  execute(on, name, [x], { kernel, stride = 1, dilation = 1, bias = false, ...more }) {
    const kernel_HWIO = kernelFor(on, name, x!, 2) as tf.Tensor4D;
    const pad = padOf({ kernel, stride, dilation, ...more });
    const y = conv2d(x as tf.Tensor4D, kernel_HWIO, { stride, pad, dilation });
    return bias ? tf.add(y, on.param(`${name}.bias`)) : y;
  },
};
