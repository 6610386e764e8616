// Pooling and its gradients, on NHWC images.

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernel.ts';
import { type Lowering, nchwShape, sameShape, sizeOf, type Val } from '../lower/lowering.ts';
import { after, patchIndices, poolWindow, trimmed, type Window, windowAttributes } from '../lower/window.ts';
import { readPart, transposedConv, withUnread } from './conv.ts';

/** tfjs does not hand the rounding mode to gradients; the size of `dy` tells it. */
function gradientWindow(input: Val, dy: Val, attrs: NamedAttrMap): Window {
  return { ...poolWindow(input.shape, attrs), output: [dy.shape[1]!, dy.shape[2]!] };
}

/** tfjs takes every 1x1 pooling that keeps the shape for the identity. */
function isIdentity({ kernel, input, output }: Window): boolean {
  return sizeOf(kernel) === 1 && sameShape(input, output);
}

/** ONNX Runtime refuses padding as wide as the kernel, under which a window may lie wholly. */
function widelyPadded(w: Window): boolean {
  const end = after(w);
  return w.kernel.some((size, k) => w.before[k]! >= size || end[k]! >= size);
}

/** The float image that `w` slides over, padded by hand with `value` where that is needed, and the attributes. */
function padded(g: Lowering, x: Val, w: Window, value: number): [string[], Record<string, number[]>] {
  const part = readPart(g, x, w);
  const name = x.dtype === 'float32' ? part : g.cast(part, 'float32');
  if (!widelyPadded(w)) return [[name], windowAttributes(w)];
  const end = after(w).map((p) => Math.max(0, p));
  const image = g.pad(name, [0, 0, ...w.before], [0, 0, ...end], value);
  return [[image], { ...windowAttributes(w), pads: [0, 0, 0, 0] }];
}

/**
 * Every nth position of the image, where a window is one; undefined where it is larger. As a pooling ONNX Runtime would merge
 * it with a padding before it, into one that it refuses.
 */
function everyNth(g: Lowering, x: Val, w: Window): string | undefined {
  if (sizeOf(w.kernel) !== 1 || w.before.some((p) => p !== 0) || after(w).some((p) => p > 0))
    return undefined;
  const end = w.output.map((count, k) => (count - 1) * w.strides[k]! + 1);
  return g.slice(readPart(g, x, w), [0, 0], end, [2, 3], w.strides);
}

/** For each window, its size over the pixels of the image inside it; a window without any gives 0 / 0. */
function perInside(g: Lowering, w: Window): string {
  const { indices } = patchIndices(w);
  const [area, outside] = [sizeOf(w.kernel), w.input[0] * w.input[1]];
  const factors = Float32Array.from({ length: sizeOf(w.output) }, (_, k) => {
    const window = indices.subarray(k * area, (k + 1) * area);
    return area / window.filter((index) => index !== outside).length;
  });
  return g.model.constant(factors, [1, 1, ...w.output], 'float32');
}

export const pool: KernelTable = {
  MaxPool: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: poolWindow(x!.shape, attrs).outShape, dtype: x!.dtype }),
    lower(g, [x], { attrs, outputs }) {
      const w = poolWindow(x!.shape, attrs);
      if (isIdentity(w)) return x!;
      const one = everyNth(g, x!, w);
      if (one !== undefined) return g.valNchw(one, outputs[0]!);
      const y = g.op('MaxPool', ...padded(g, x!, w, -Infinity));
      return g.valNchw(x!.dtype === 'float32' ? y : g.cast(y, 'int32'), outputs[0]!);
    },
  },

  AvgPool: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: poolWindow(x!.shape, attrs).outShape, dtype: 'float32' }),
    lower(g, [x], { attrs, outputs }) {
      const w = poolWindow(x!.shape, attrs);
      if (isIdentity(w)) return x!;
      const one = x!.dtype === 'float32' ? everyNth(g, x!, w) : undefined;
      if (one !== undefined) return g.valNchw(one, outputs[0]!);
      const [inputs, attributes] = padded(g, x!, w, 0);
      const mean = g.op('AveragePool', inputs, { ...attributes, count_include_pad: 0 });
      return g.valNchw(widelyPadded(w) ? g.op('Mul', [mean, perInside(g, w)]) : mean, outputs[0]!);
    },
  },

  MaxPoolGrad: {
    inputs: ['dy', 'input', 'output'],
    infer: ([, input]) => input!,
    lower(g, [dy, input], { attrs, outputs }) {
      // MaxPool names the winner of each window as an index into the whole NCHW tensor.
      const w = gradientWindow(input!, dy!, attrs);
      const [images, attributes] = padded(g, input!, w, -Infinity);
      const [, winners] = g.model.nodes('MaxPool', images, 2, attributes);
      const part = trimmed(w).input;
      const border = widelyPadded(w) ? after(w).map((p) => Math.max(0, p)) : undefined;
      const size = part.map((d, k) => (border === undefined ? d : w.before[k]! + d + border[k]!));
      const shape = [w.batch, w.inChannels, ...size];
      const zeros = g.expand(g.model.scalar(0), [sizeOf(shape)]);
      const updates = [g.reshape(winners!, [-1]), g.reshape(g.nchw(dy!), [-1])];
      const sums = g.op('ScatterElements', [zeros, ...updates], { axis: 0, reduction: 'add' });
      const dPadded = g.reshape(sums, shape);
      const end = part.map((d, k) => w.before[k]! + d);
      const dx = border === undefined ? dPadded : g.slice(dPadded, w.before, end, [2, 3]);
      return g.valNchw(withUnread(g, dx, w), outputs[0]!);
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
