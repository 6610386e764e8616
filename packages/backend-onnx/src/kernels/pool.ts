// Pooling and its gradients, on NHWC images.

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernel.ts';
import { nchwShape, sizeOf, type Val } from '../lower/lowering.ts';
import { poolWindow, trimmed, type Window, windowAttributes } from '../lower/window.ts';
import { readPart, transposedConv, withUnread } from './conv.ts';

/** tfjs does not hand the rounding mode to gradients; the size of `dy` tells it. */
function gradientWindow(input: Val, dy: Val, attrs: NamedAttrMap): Window {
  return { ...poolWindow(input.shape, attrs), output: [dy.shape[1]!, dy.shape[2]!] };
}

export const pool: KernelTable = {
  MaxPool: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: poolWindow(x!.shape, attrs).outShape, dtype: x!.dtype }),
    lower(g, [x], { attrs, outputs }) {
      const w = poolWindow(x!.shape, attrs);
      const part = readPart(g, x!, w);
      const name = x!.dtype === 'float32' ? part : g.cast(part, 'float32');
      const y = g.op('MaxPool', [name], windowAttributes(w));
      return g.valNchw(x!.dtype === 'float32' ? y : g.cast(y, 'int32'), outputs[0]!);
    },
  },

  AvgPool: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: poolWindow(x!.shape, attrs).outShape, dtype: 'float32' }),
    lower(g, [x], { attrs, outputs }) {
      const w = poolWindow(x!.shape, attrs);
      const part = readPart(g, x!, w);
      const name = x!.dtype === 'float32' ? part : g.cast(part, 'float32');
      const attributes = { ...windowAttributes(w), count_include_pad: 0 };
      return g.valNchw(g.op('AveragePool', [name], attributes), outputs[0]!);
    },
  },

  MaxPoolGrad: {
    inputs: ['dy', 'input', 'output'],
    infer: ([, input]) => input!,
    lower(g, [dy, input], { attrs, outputs }) {
      // MaxPool names the winner of each window as an index into the whole NCHW tensor.
      const w = gradientWindow(input!, dy!, attrs);
      const [, winners] = g.model.nodes('MaxPool', [readPart(g, input!, w)], 2, windowAttributes(w));
      const shape = nchwShape(input!.shape).with(2, trimmed(w).input[0]).with(3, trimmed(w).input[1]);
      const zeros = g.expand(g.model.scalar(0), [sizeOf(shape)]);
      const updates = [g.reshape(winners!, [-1]), g.reshape(g.nchw(dy!), [-1])];
      const dx = g.op('ScatterElements', [zeros, ...updates], { axis: 0, reduction: 'add' });
      return g.valNchw(withUnread(g, g.reshape(dx, shape), w), outputs[0]!);
    },
  },

  AvgPoolGrad: {
    inputs: ['dy', 'input'],
    infer: ([, input]) => ({ shape: input!.shape, dtype: 'float32' }),
    lower(g, [dy, input], { attrs, outputs }) {
      const w = gradientWindow(input!, dy!, attrs);
      // Like tfjs's own kernels, every position of a window gets an equal share, padding included.
      const weight = Float32Array.from({ length: sizeOf(w.kernel) }, () => 1 / sizeOf(w.kernel));
      const filter = g.model.constant(weight, [1, 1, ...w.kernel], 'float32');
      const images = g.reshape(g.nchw(dy!), [w.batch * w.inChannels, 1, ...w.output]);
      const dx = withUnread(g, transposedConv(g, images, filter, trimmed(w)), w);
      return g.valNchw(g.reshape(dx, nchwShape(input!.shape)), outputs[0]!);
    },
  },
};
