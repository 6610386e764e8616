import * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from '../errors.ts';
import { kaimingFanOut, uniformFanIn } from '../init.ts';
import { conv2d } from '../layers.ts';
import type { Op } from '../op.ts';
import { imageOf, padOf, text, windowsOf } from '../shapes.ts';
import type { ConvOptions } from './conv.ts';

export interface GroupedConvOptions extends Omit<ConvOptions, 'out'> {
  /** Channels that a group reads. How many groups there are follows from the width of what is convolved. */
  readonly groupWidth: number;
  /** Channels that a group makes; as many as it reads unless given. */
  readonly groupOut?: number;
}

/**
 * Convolution within groups of channels (Xie et al. 2017): `<name>.weight`, [kernel, kernel, groupWidth, groups groupOut].
 * A group is one unit where it makes as many channels as it reads: it goes as a whole, and the others do not change;
 * else all stay. As a pre-neuron's connections reach its own group alone, no method modulates them.
 */
export const groupedConv: Op<GroupedConvOptions> = {
  kind: 'groupedConv',
  describe(on, name, [x], options) {
    const { groupWidth, groupOut = groupWidth, kernel, stride = 1, pad, dilation, bias = false } = options;
    const [height, width, channels] = imageOf(on, x!);
    if (channels % on.whole('groupWidth', groupWidth, 1) !== 0) {
      on.refuse(
        `${channels} channels do not consist of groups of ${groupWidth}.`,
        'use a width that is a multiple of the width of a group.',
      );
    }
    const out = (channels / groupWidth) * on.whole('groupOut', groupOut, 1);
    const { rows, columns } = windowsOf(on, [height, width], { kernel, stride, pad, dilation });
    const [weight, shape] = [`${name}.weight`, [kernel, kernel, groupWidth, out] as const];
    const init = options.init ?? kaimingFanOut(shape);
    const made = { shape: [rows, columns, out], stride: x!.stride * stride };
    const biasInit = uniformFanIn(kernel * kernel * groupWidth);
    on.declare({ name: weight, kind: 'conv', shape, init, positions: rows * columns });
    if (groupOut === groupWidth) {
      on.units(x!, groupWidth);
      on.attach(x!, weight, 3, 'norm');
      if (bias) on.affine(`${name}.bias`, x!, biasInit);
      return { ...made, spaces: x!.spaces };
    }
    const y = { ...made, spaces: [on.space(name, out, weight)] };
    on.attach(y, weight, 3, 'write');
    if (bias) on.affine(`${name}.bias`, y, biasInit);
    for (const value of [x!, y]) on.pin(value);
    return y;
  },
  execute(on, name, [x], options) {
    const { groupWidth, groupOut = groupWidth, stride = 1, dilation = 1, bias = false } = options;
    const kernel_HWIO = on.param(`${name}.weight`) as tf.Tensor4D;
    const groups = x!.shape.at(-1)! / groupWidth;
    if (kernel_HWIO.shape[2] !== groupWidth || kernel_HWIO.shape[3] !== groups * groupOut) {
      throw new MaNetError(
        'shape-mismatch',
        `Layer "${name}" of groups of ${groupWidth} channels has the weight ${text(kernel_HWIO.shape)}, but receives ${text(x!.shape)}.`,
        {
          where: `layer "${name}"`,
          hint: 'pass weights of this network: they have one part for each group.',
        },
      );
    }
    const how = { stride, pad: padOf({ ...options, stride }), dilation };
    const kernels = tf.split(kernel_HWIO, groups, 3);
    const parts = tf.split(x!, groups, 3);
    const made = parts.map(
      (part, g): tf.Tensor => conv2d(part as tf.Tensor4D, kernels[g] as tf.Tensor4D, how),
    );
    const y = tf.concat(made, 3);
    return bias ? tf.add(y, on.param(`${name}.bias`)) : y;
  },
};
