// Depthwise convolution and its two gradients. Suffixes: C channels, M outputs per channel (the multiplier).

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernel.ts';
import { type Lowering, type Val, sizeOf } from '../lower/lowering.ts';
import { patches } from '../lower/patches.ts';
import { convWindow, outputSpec, trimmed, type Window, windowAttributes } from '../lower/window.ts';
import { image, imageVal, pixels, readPart, transposedConv, withUnread } from './conv.ts';

const windowOf = (inShape: readonly number[], filterShape: readonly number[], attrs: NamedAttrMap): Window =>
  convWindow(inShape, filterShape, attrs, true);

/** [H, W, C, M] to ONNX's grouped form [C * M, 1, H, W]. */
function grouped(g: Lowering, filter: Val): string {
  const [h, w, c, m] = filter.shape as [number, number, number, number];
  return g.reshape(g.transpose(g.plain(filter), [2, 3, 0, 1]), [c * m, 1, h, w]);
}

export const depthwise: KernelTable = {
  DepthwiseConv2dNative: {
    inputs: ['x', 'filter'],
    infer: ([x, filter], attrs) => outputSpec(windowOf(x!.shape, filter!.shape, attrs)),
    lower(g, [x, filter], { attrs, outputs }) {
      const w = windowOf(x!.shape, filter!.shape, attrs);
      const attributes = { ...windowAttributes(w), group: w.inChannels };
      return imageVal(g, g.op('Conv', [readPart(g, x!, w), grouped(g, filter!)], attributes), w, outputs[0]!);
    },
  },

  DepthwiseConv2dNativeBackpropInput: {
    inputs: ['dy', 'filter'],
    infer: (_, attrs) => ({ shape: attrs['inputShape'] as number[], dtype: 'float32' }),
    lower(g, [dy, filter], { attrs, outputs }) {
      const w = windowOf(attrs['inputShape'] as number[], filter!.shape, attrs);
      const dx = transposedConv(g, image(g, dy!, w), grouped(g, filter!), trimmed(w), w.inChannels);
      return imageVal(g, withUnread(g, dx, w), w, outputs[0]!);
    },
  },

  DepthwiseConv2dNativeBackpropFilter: {
    inputs: ['x', 'dy'],
    infer: (_, attrs) => ({ shape: attrs['filterShape'] as number[], dtype: 'float32' }),
    lower(g, [x, dy], { attrs, outputs }) {
      const shape = outputs[0]!.shape;
      const w = windowOf(x!.shape, shape, attrs);
      const rows = w.batch * w.output[0] * w.output[1];
      const multiplier = w.outChannels / w.inChannels;
      const x_RKC1 = g.reshape(patches(g, pixels(g, x!, w), w), [rows, sizeOf(w.kernel), w.inChannels, 1]);
      const dy_R1CM = g.reshape(pixels(g, dy!, w), [rows, 1, w.inChannels, multiplier]);
      const dFilter = g.reduce('ReduceSum', g.op('Mul', [x_RKC1, dy_R1CM]), [0], false);
      return g.val(g.reshape(dFilter, shape), outputs[0]!);
    },
  },
};
