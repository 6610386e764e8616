// What descriptions of layers ask of shapes, and what layers ask of their weights before they compute.

import type * as tf from '@tensorflow/tfjs-core';
import { MaNetError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import type { Weights } from './op.ts';
import type { Shaped } from './spaces.ts';

/** [height, width, channels] of `x`. Throws `shape-mismatch` when it is no image. */
export function imageOf(on: Ledger, { shape }: Shaped): readonly [number, number, number] {
  if (shape.length === 3) return shape as readonly [number, number, number];
  return on.refuse(
    `Layer "${on.layer}" needs [height, width, channels] but receives ${text(shape)}.`,
    'it can only follow layers that keep the image; go from tokens to images with grid().',
  );
}

/** [tokens, channels] of `x`. Throws `shape-mismatch` when it is something else. */
export function tokensOf(on: Ledger, { shape }: Shaped): readonly [number, number] {
  if (shape.length === 2) return shape as readonly [number, number];
  return on.refuse(
    `Layer "${on.layer}" needs [tokens, channels] but receives ${text(shape)}.`,
    'go from images to tokens with tokens().',
  );
}

export interface Windows {
  readonly kernel: number;
  readonly stride: number;
  /** Half of what a window reaches over unless given: floor(kernel / 2) where its taps are neighbours. */
  readonly pad?: number | undefined;
  /** Positions from one tap of a window to the next; 1 unless given. */
  readonly dilation?: number | undefined;
}

/** Positions from the first tap of a window to the last, both counted. */
const spanOf = ({ kernel, dilation = 1 }: Windows): number => (kernel - 1) * dilation + 1;

/** Zeros on every side: half of a window unless the layer says how many. */
export function padOf(windows: Windows): number {
  return windows.pad ?? Math.floor(spanOf(windows) / 2);
}

/** How many windows fit into an image along each side. Throws `shape-mismatch` when there is none. */
export function windowsOf(
  on: Ledger,
  sides: readonly [number, number],
  windows: Windows,
): { readonly rows: number; readonly columns: number } {
  on.whole('kernel', windows.kernel, 1);
  on.whole('stride', windows.stride, 1);
  on.whole('dilation', windows.dilation ?? 1, 1);
  const pad = on.whole('pad', padOf(windows), 0);
  const span = spanOf(windows);
  const [rows, columns] = sides.map((size) => {
    const out = Math.floor((size + 2 * pad - span) / windows.stride) + 1;
    if (out >= 1) return out;
    return on.refuse(
      `Layer "${on.layer}" has no output: ${size} pixels with padding ${pad} do not hold a window of ${span}.`,
      'use larger images, or a network with fewer stages.',
    );
  });
  return { rows: rows!, columns: columns! };
}

/** What pooling makes of `x`; without padding unless it is given. */
export function pooled(on: Ledger, x: Shaped, { kernel, stride, pad = 0 }: Windows): Shaped {
  const [height, width, channels] = imageOf(on, x);
  const { rows, columns } = windowsOf(on, [height, width], { kernel, stride, pad });
  return { shape: [rows, columns, channels], spaces: x.spaces, stride: x.stride * stride };
}

/** Makes the heads of q, k and v one group: a head goes with its queries, keys, values, or not at all. */
export function headsOf(on: Ledger, q: Shaped, k: Shaped, v: Shaped, headDim: number): Shaped {
  const width = q.shape.at(-1)!;
  const fits =
    k.shape.join() === v.shape.join() && k.shape.at(-1) === width && k.shape.length === q.shape.length;
  if (!fits || width % headDim !== 0) {
    on.refuse(
      `Queries, keys and values of ${[q, k, v].map((x) => text(x.shape)).join(', ')} do not consist of equally many heads of width ${headDim}.`,
      'make keys and values with one shape, and all three with one width, a multiple of the width of a head.',
    );
  }
  for (const x of [q, k, v]) on.units(x, headDim);
  on.join(q, k);
  on.join(q, v);
  return q;
}

/** The kernel `<layer>.weight`, whose `preAxis` runs over the channels of `x`. Throws `shape-mismatch` unless it does. */
export function kernelFor(on: Weights, layer: string, x: tf.Tensor, preAxis: number): tf.Tensor {
  return fitting(on.param(`${layer}.weight`), preAxis, layer, x);
}

/** The parameter `name`, one number per channel of `x`. Throws `shape-mismatch` unless it is. */
export function vectorFor(on: Weights, name: string, x: tf.Tensor): tf.Tensor1D {
  return fitting(on.param(name), 0, name.replace(/\.[^.]*$/, ''), x) as tf.Tensor1D;
}

function fitting(weight: tf.Tensor, axis: number, layer: string, x: tf.Tensor): tf.Tensor {
  const [expected, found] = [weight.shape[axis], x.shape.at(-1)];
  if (expected === found) return weight;
  throw new MaNetError(
    'shape-mismatch',
    `Layer "${layer}" takes ${expected} channels, its weight being ${text(weight.shape)}, but receives ${text(x.shape)}.`,
    {
      where: `layer "${layer}"`,
      hint: 'pass weights of this network, and inputs as it declares them: their sizes decide how many channels arrive.',
    },
  );
}

/** Numbers in a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** [3, 4] as people read it. */
export function text(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
