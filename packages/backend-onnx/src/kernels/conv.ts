// Convolution and its two gradients. Suffixes: HWIO filter height, width, input and output channels; OIHW ONNX's order.

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernel.ts';
import { type Lowering, type Val, sizeOf } from '../lower/lowering.ts';
import { patches, sumPatches } from '../lower/patches.ts';
import {
  after,
  convWindow,
  extent,
  isPointwise,
  outputSpec,
  trimmed,
  unread,
  type Window,
  windowAttributes,
} from '../lower/window.ts';
import * as winograd from '../lower/winograd.ts';
import type { Spec } from '../spec.ts';

/** The name of an image in NCHW order, whatever order tfjs sees it in. */
export function image(g: Lowering, x: Val, w: Window): string {
  return w.nchw ? g.plain(x) : g.nchw(x);
}

/** The NCHW name of the part of an image that window `w` reads. */
export function readPart(g: Lowering, x: Val, w: Window): string {
  const { input } = trimmed(w);
  const whole = input.every((size, k) => size === w.input[k]);
  return whole ? image(g, x, w) : g.slice(image(g, x, w), [0, 0], input, [2, 3]);
}

/** The NCHW name of the part of an output's gradient that window `w` makes; the rest has no input. */
function usedPart(g: Lowering, dy: Val, w: Window): string {
  return isUsed(dy, w) ? image(g, dy, w) : g.slice(image(g, dy, w), [0, 0], w.output, [2, 3]);
}

function isUsed({ shape }: Val, w: Window): boolean {
  const [h, v] = w.nchw ? [2, 3] : [1, 2];
  return shape[h] === w.output[0] && shape[v] === w.output[1];
}

/** Zeros for the part of an image's gradient that window `w` does not read. */
export function withUnread(g: Lowering, dx: string, w: Window): string {
  return g.pad(dx, [0, 0, 0, 0], [0, 0, ...unread(w)]);
}

export function imageVal(g: Lowering, name: string, w: Window, spec: Spec): Val {
  return w.nchw ? g.val(name, spec) : g.valNchw(name, spec);
}

/** The name of an image in NHWC order. */
export function pixels(g: Lowering, x: Val, w: Window): string {
  return w.nchw ? g.transpose(g.plain(x), [0, 2, 3, 1]) : g.plain(x);
}

const shapeAttr = (attrs: NamedAttrMap, name: string): number[] => attrs[name] as number[];

export const conv: KernelTable = {
  Conv2D: {
    inputs: ['x', 'filter'],
    infer: ([x, filter], attrs) => outputSpec(convWindow(x!.shape, filter!.shape, attrs)),
    lower(g, [x, filter], { attrs, outputs }) {
      const w = convWindow(x!.shape, filter!.shape, attrs);
      const nhwc = asProduct(g, x!, filter!, w);
      if (nhwc !== undefined) return g.val(nhwc, outputs[0]!);
      const filter_OIHW = outputFirst(g, g.plain(filter!));
      const y = g.op('Conv', [readPart(g, x!, w), filter_OIHW], windowAttributes(w));
      return imageVal(g, y, w, outputs[0]!);
    },
  },

  Conv2DBackpropInput: {
    inputs: ['dy', 'filter'],
    infer: (_, attrs) => ({ shape: shapeAttr(attrs, 'inputShape'), dtype: 'float32' }),
    lower(g, [dy, filter], { attrs, outputs }) {
      const w = convWindow(shapeAttr(attrs, 'inputShape'), filter!.shape, attrs);
      const nhwc = inputGradientAsProduct(g, dy!, filter!, w);
      if (nhwc !== undefined) return g.val(nhwc, outputs[0]!);
      const dx = withUnread(g, inputGradient(g, usedPart(g, dy!, w), g.plain(filter!), trimmed(w)), w);
      return imageVal(g, dx, w, outputs[0]!);
    },
  },

  Conv2DBackpropFilter: {
    inputs: ['x', 'dy'],
    infer: (_, attrs) => ({ shape: shapeAttr(attrs, 'filterShape'), dtype: 'float32' }),
    lower(g, [x, dy], { attrs, outputs }) {
      const w = convWindow(x!.shape, shapeAttr(attrs, 'filterShape'), attrs);
      if (g.cpu && winograd.isWinograd(w)) {
        return g.val(winograd.filterGradient(g, x!, dy!, w), outputs[0]!);
      }
      return g.val(g.reshape(filterProduct(g, patches_RK(g, x!, w), dy!, w), outputs[0]!.shape), outputs[0]!);
    },
  },
};

/** The NHWC output of a convolution, where a matrix product makes it in less time than a convolution of ONNX Runtime. */
function asProduct(g: Lowering, x: Val, filter: Val, w: Window): string | undefined {
  if (g.cpu && winograd.isWinograd(w)) return winograd.convolve(g, x, filter, w);
  // What is in NCHW order already stays there.
  if (w.nchw || x.nchw !== undefined) return undefined;
  const filter_KO = (): string => g.plain(g.view(filter, [columns(w), w.outChannels]));
  if (isPointwise(w)) return g.op('MatMul', [g.plain(x), filter_KO()]);
  // Patches that hardly overlap, or of few channels, cost little; the filter's gradient needs the same.
  if (!g.cpu || (overlap(w) > MAX_OVERLAP && w.inChannels > FEW_CHANNELS)) return undefined;
  return g.reshape(g.op('MatMul', [patches_RK(g, x, w), filter_KO()]), w.outShape);
}

/** The NHWC gradient for the input, where a matrix product makes it in less time. */
function inputGradientAsProduct(g: Lowering, dy: Val, filter: Val, w: Window): string | undefined {
  if (g.cpu && isUsed(dy, w) && winograd.isWinograd(w)) return winograd.inputGradient(g, dy, filter, w);
  if (w.nchw || dy.nchw !== undefined) return undefined;
  const filter_KO = g.view(filter, [columns(w), w.outChannels]);
  if (isPointwise(w)) return g.op('MatMul', [g.plain(dy), g.transpose(g.plain(filter_KO), [1, 0])]);
  if (!g.cpu || !isUsed(dy, w) || overlap(w) > MAX_OVERLAP) return undefined;
  const dy_RO = g.plain(g.view(dy, [w.batch * sizeOf(w.output), w.outChannels]));
  return sumPatches(g, g.op('Gemm', [dy_RO, g.plain(filter_KO)], { transB: 1 }), w);
}

/** How many patches show a pixel, at most. */
const overlap = ({ kernel, strides }: Window): number =>
  Math.ceil(kernel[0] / strides[0]) * Math.ceil(kernel[1] / strides[1]);
const MAX_OVERLAP = 4;
const FEW_CHANNELS = 4;

/** Rows of `patches_RK`: output pixels; columns: what each reads. */
const columns = (w: Window): number => sizeOf(w.kernel) * w.inChannels;

function patches_RK(g: Lowering, x: Val, w: Window): string {
  const key = `patches ${JSON.stringify(w)}`;
  return x.once(key, () => {
    const read = isPointwise(w) ? pixels(g, x, w) : patches(g, pixels(g, x, w), w);
    return g.reshape(read, [w.batch * sizeOf(w.output), columns(w)]);
  });
}

/** patches^T dy, [kernel pixels * input channels, output channels], from dy in the order that it is in. */
function filterProduct(g: Lowering, patches_RK: string, dy: Val, w: Window): string {
  const rows = w.batch * sizeOf(w.output);
  if (w.nchw || dy.nchw !== undefined) {
    const dy_OR = g.reshape(g.transpose(image(g, dy, w), [1, 0, 2, 3]), [w.outChannels, rows]);
    return g.transpose(g.op('MatMul', [dy_OR, patches_RK]), [1, 0]);
  }
  return g.op('Gemm', [patches_RK, g.reshape(g.plain(dy), [rows, w.outChannels])], { transA: 1 });
}

/**
 * The gradient of a convolution for its input, NCHW. With stride 1 it is a convolution with the mirrored filter;
 * otherwise a transposed convolution.
 */
function inputGradient(g: Lowering, dy: string, filter_HWIO: string, w: Window): string {
  const span = extent(w);
  const before = span.map((s, k) => s - 1 - w.before[k]!);
  const behind = before.map((b, k) => w.input[k]! - w.output[k]! + span[k]! - 1 - b);
  if (w.strides.every((s) => s === 1) && [...before, ...behind].every((p) => p >= 0)) {
    // Mirrored and with the kernel's axes last: one reversal and one transposition of a matrix.
    const taps = [sizeOf(w.kernel), w.inChannels * w.outChannels];
    const filter_TF = g.reshape(filter_HWIO, taps);
    const reversed = sizeOf(w.kernel) === 1 ? filter_TF : g.slice(filter_TF, [-1], [-(2 ** 31)], [0], [-1]);
    const shape = [w.inChannels, w.outChannels, ...w.kernel];
    const filter_IOHW = g.reshape(g.transpose(reversed, [1, 0]), shape);
    return g.op('Conv', [dy, filter_IOHW], {
      kernel_shape: w.kernel,
      strides: [1, 1],
      dilations: w.dilations,
      pads: [...before, ...behind],
    });
  }
  return transposedConv(g, dy, outputFirst(g, filter_HWIO), w);
}

/** HWIO to OIHW, in two steps that each move one axis: ONNX Runtime is three times faster at those. */
function outputFirst(g: Lowering, filter_HWIO: string): string {
  return g.transpose(g.transpose(filter_HWIO, [3, 0, 1, 2]), [0, 3, 1, 2]);
}

/** ConvTranspose of `dy` to exactly the input size of `w`; the filter is [dy channels, output channels / group, h, w]. */
export function transposedConv(g: Lowering, dy: string, filter: string, w: Window, group = 1): string {
  const end = after(w);
  return g.op('ConvTranspose', [dy, filter], {
    kernel_shape: w.kernel,
    strides: w.strides,
    dilations: w.dilations,
    pads: [...w.before, Math.max(0, end[0]), Math.max(0, end[1])],
    output_padding: [Math.max(0, -end[0]), Math.max(0, -end[1])],
    group,
  });
}
