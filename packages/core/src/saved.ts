// What tfjs's tape saves for gradients, and what they read. A gradient is told shapes by tensors, and asked for every input
// whether it is wanted or not, so tfjs saves all of them. In a graph that is run whole nobody notices; where a tape is
// finished later, each of them would be computed, kept and handed over.

import type * as tf from '@tensorflow/tfjs-core';

export interface TapeNode {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved: tf.Tensor[];
}

/** Kernels whose gradients read nothing but the shapes of what is saved. */
const SHAPES = new Set([
  'Add',
  'AddN',
  'Sub',
  'Reshape',
  'ExpandDims',
  'Sum',
  'Mean',
  'Concat',
  'Pack',
  'Slice',
  'PadV2',
]);

/** Kernels that save their two inputs in this order, and whose gradient for one is a product with the other. */
const PRODUCTS: Readonly<Record<string, readonly [string, string]>> = {
  Multiply: ['a', 'b'],
  BatchMatMul: ['a', 'b'],
  Conv2D: ['x', 'filter'],
  DepthwiseConv2dNative: ['x', 'filter'],
};

/**
 * Replaces what gradients with respect to `from` will not read the values of, by its shape, and disposes it. The gradients
 * are the same to the bit.
 */
export function forgetUnread(tape: readonly TapeNode[], from: readonly tf.Tensor[]): void {
  const reached = new Set(from.map(({ id }) => id));
  for (const { kernelName, inputs, outputs, saved } of tape) {
    const moving = (name: string): boolean => reached.has(inputs[name]!.id);
    const any = Object.keys(inputs).some(moving);
    if (any) for (const { id } of outputs) reached.add(id);
    const product = PRODUCTS[kernelName];
    const read = (k: number): boolean => {
      if (!any || SHAPES.has(kernelName)) return false;
      return product === undefined || moving(product[1 - k]!);
    };
    saved.forEach((tensor, k) => {
      if (read(k)) return;
      saved[k] = shapeOf(tensor);
      tensor.dispose();
    });
  }
}

/** All that such a gradient asks of a tensor, and what tfjs does with it when the tape ends. */
function shapeOf({ shape, rank, size, dtype }: tf.Tensor): tf.Tensor {
  return { shape, rank, size, dtype, dispose: () => {} } as unknown as tf.Tensor;
}
