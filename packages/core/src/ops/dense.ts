import type * as tf from '@tensorflow/tfjs-core';
import { type Initializer, uniformFanIn, zeros } from '../init.ts';
import { dense as product } from '../layers.ts';
import type { Op } from '../op.ts';
import { kernelFor, sizeOf } from '../shapes.ts';

export interface DenseOptions {
  readonly out: number;
  readonly bias?: boolean;
  readonly init?: Initializer;
  /** Of the bias; zero where `init` is given, uniform within 1 / sqrt(fan-in) where neither is. */
  readonly biasInit?: Initializer;
}

/** Matrix product over the last axis, `<name>.weight` and `<name>.bias`. */
export const dense: Op<DenseOptions> = {
  kind: 'dense',
  describe(on, name, [x], { out: asked, bias = true, init, ...more }) {
    const inputs = x!.shape.at(-1)!;
    const out = on.width(`${name}.weight`, 1, asked);
    const spec = {
      kind: 'dense',
      shape: [inputs, out],
      init: init ?? uniformFanIn(inputs),
      positions: sizeOf(x!.shape.slice(0, -1)),
    } as const;
    const biasInit = more.biasInit ?? (init === undefined ? uniformFanIn(inputs) : zeros);
    return {
      shape: [...x!.shape.slice(0, -1), out],
      spaces: [on.kernel(name, x!, spec, { bias, biasInit })],
      stride: x!.stride,
    };
  },
  execute(on, name, [x], { bias = true }) {
    const kernel_IO = kernelFor(on, name, x!, 0) as tf.Tensor2D;
    return product(x!, kernel_IO, bias ? on.param(`${name}.bias`) : undefined);
  },
};
