import { type Initializer, type Op, uniformFanIn } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface MapDenseOptions {
  readonly out: number;
  readonly init?: Initializer;
  /** Of the bias; uniform within 1 / sqrt(fan-in) unless given. */
  readonly biasInit?: Initializer;
}

/**
 * A fully connected layer on whole maps [B, ..., H, W, C], `<name>.weight` [H, W, C, O] and `<name>.bias`: a convolution
 * whose one window is all of the map, computed as one product. A connection is what goes from one channel to one neuron,
 * at all positions. PyTorch's matrix [O, C H W] after flattening has the numbers of this kernel in its layout.
 */
export const mapDense: Op<MapDenseOptions> = {
  kind: 'mapDense',
  describe(on, name, [x], { out: asked, init, biasInit }) {
    const [height, width, channels] = x!.shape.slice(-3) as [number, number, number];
    const out = on.width(`${name}.weight`, 3, asked);
    const before = x!.shape.slice(0, -3);
    const fanIn = height * width * channels;
    const spec = {
      kind: 'conv',
      shape: [height, width, channels, out],
      init: init ?? uniformFanIn(fanIn),
      positions: before.reduce((a, b) => a * b, 1),
    } as const;
    return {
      shape: [...before, out],
      spaces: [on.kernel(name, x!, spec, { bias: true, ...(biasInit === undefined ? {} : { biasInit }) })],
      stride: 0,
    };
  },
  execute(on, name, [x]) {
    const kernel_HWCO = on.param(`${name}.weight`);
    const out = kernel_HWCO.shape[3]!;
    const kernel_IO = tf.reshape(kernel_HWCO, [-1, out]) as tf.Tensor2D;
    const rows = tf.reshape(x!, [-1, kernel_IO.shape[0]]) as tf.Tensor2D;
    const y = tf.add(tf.matMul(rows, kernel_IO), on.param(`${name}.bias`));
    return tf.reshape(y, [...x!.shape.slice(0, -3), out]);
  },
};
