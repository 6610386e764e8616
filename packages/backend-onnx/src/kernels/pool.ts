// Pooling and its gradients, on NHWC images.

import type { KernelTable } from '../kernel.ts';
import { nchwShape, sizeOf } from '../lower/lowering.ts';
import { poolWindow, windowAttributes } from '../lower/window.ts';
import { transposedConv } from './conv.ts';

export const pool: KernelTable = {
  MaxPool: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: poolWindow(x!.shape, attrs).outShape, dtype: x!.dtype }),
    lower(g, [x], { attrs, outputs }) {
      const name = x!.dtype === 'float32' ? g.nchw(x!) : g.cast(g.nchw(x!), 'float32');
      const y = g.op('MaxPool', [name], windowAttributes(poolWindow(x!.shape, attrs)));
      return g.valNchw(x!.dtype === 'float32' ? y : g.cast(y, 'int32'), outputs[0]!);
    },
  },

  AvgPool: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: poolWindow(x!.shape, attrs).outShape, dtype: 'float32' }),
    lower(g, [x], { attrs, outputs }) {
      const name = x!.dtype === 'float32' ? g.nchw(x!) : g.cast(g.nchw(x!), 'float32');
      const attributes = { ...windowAttributes(poolWindow(x!.shape, attrs)), count_include_pad: 0 };
      return g.valNchw(g.op('AveragePool', [name], attributes), outputs[0]!);
    },
  },

  MaxPoolGrad: {
    inputs: ['dy', 'input', 'output'],
    infer: ([, input]) => input!,
    lower(g, [dy, input], { attrs, outputs }) {
      // MaxPool names the winner of each window as an index into the whole NCHW tensor.
      const attributes = windowAttributes(poolWindow(input!.shape, attrs));
      const [, winners] = g.model.nodes('MaxPool', [g.nchw(input!)], 2, attributes);
      const zeros = g.expand(g.model.scalar(0), [input!.size]);
      const updates = [g.reshape(winners!, [-1]), g.reshape(g.nchw(dy!), [-1])];
      const dx = g.op('ScatterElements', [zeros, ...updates], { axis: 0, reduction: 'add' });
      return g.valNchw(g.reshape(dx, nchwShape(input!.shape)), outputs[0]!);
    },
  },

  AvgPoolGrad: {
    inputs: ['dy', 'input'],
    infer: ([, input]) => ({ shape: input!.shape, dtype: 'float32' }),
    lower(g, [dy, input], { attrs, outputs }) {
      const w = poolWindow(input!.shape, attrs);
      // Like tfjs's own kernels, every position of a window gets an equal share, padding included.
      const weight = Float32Array.from({ length: sizeOf(w.kernel) }, () => 1 / sizeOf(w.kernel));
      const filter = g.model.constant(weight, [1, 1, ...w.kernel], 'float32');
      const images = g.reshape(g.nchw(dy!), [w.batch * w.inChannels, 1, ...w.output]);
      const dx = transposedConv(g, images, filter, w);
      return g.valNchw(g.reshape(dx, nchwShape(input!.shape)), outputs[0]!);
    },
  },
};
