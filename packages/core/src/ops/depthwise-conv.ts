import * as tf from '@tensorflow/tfjs-core';
import { dilatedDepthwiseConv } from '../dilated.ts';
import { kaimingFanOut, uniformFanIn } from '../init.ts';
import type { Op } from '../op.ts';
import { imageOf, kernelFor, padOf, windowsOf } from '../shapes.ts';
import type { ConvOptions } from './conv.ts';

export type DepthwiseConvOptions = Omit<ConvOptions, 'out'>;

/**
 * Convolution of every channel by itself: `<name>.weight`, [kernel, kernel, C, 1]. What it makes are the channels that
 * it reads, so that they go together, and it connects no neuron with another.
 */
export const depthwiseConv: Op<DepthwiseConvOptions> = {
  kind: 'depthwiseConv',
  describe(on, name, [x], { kernel, stride = 1, pad, dilation, bias = false, init }) {
    const [height, width, channels] = imageOf(on, x!);
    const { rows, columns } = windowsOf(on, [height, width], { kernel, stride, pad, dilation });
    const shape = [kernel, kernel, channels, 1];
    on.declare({
      name: `${name}.weight`,
      kind: 'depthwise',
      shape,
      init: init ?? kaimingFanOut([kernel, kernel, 1, channels]),
      positions: rows * columns,
    });
    on.attach(x!, `${name}.weight`, 2, 'norm');
    if (bias) on.affine(`${name}.bias`, x!, uniformFanIn(kernel * kernel));
    return { shape: [rows, columns, channels], spaces: x!.spaces, stride: x!.stride * stride };
  },
  execute(on, name, [x], { kernel, stride = 1, dilation = 1, bias = false, ...more }) {
    const kernel_HWC1 = kernelFor(on, name, x!, 2) as tf.Tensor4D;
    const pad = padOf({ kernel, stride, dilation, ...more });
    const x_BHWC = x as tf.Tensor4D;
    const y =
      dilation === 1
        ? tf.depthwiseConv2d(x_BHWC, kernel_HWC1, stride, pad)
        : dilatedDepthwiseConv(x_BHWC, kernel_HWC1, { stride, pad, dilation });
    return bias ? tf.add(y, on.param(`${name}.bias`)) : y;
  },
};
