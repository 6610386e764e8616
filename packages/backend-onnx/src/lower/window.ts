// Geometry of a window sliding over an image, from tfjs attributes to ONNX attributes.

import { backend_util, type NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Spec } from '../spec.ts';

type Size = [number, number];

/** Everything about a 2-D convolution or pooling that depends on shapes; sizes are [height, width]. */
export interface Window {
  readonly batch: number;
  readonly input: Size;
  readonly output: Size;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: Size;
  readonly strides: Size;
  readonly dilations: Size;
  /** Padding before the first row and column. */
  readonly before: Size;
  /** The shape of the output in the order of the input's data format. */
  readonly outShape: readonly number[];
  readonly nchw: boolean;
}

type Pads = Parameters<typeof backend_util.computeConv2DInfo>[4];
type Rounding = 'floor' | 'round' | 'ceil';

export function convWindow(
  inShape: readonly number[],
  filterShape: readonly number[],
  attrs: NamedAttrMap,
  depthwise = false,
): Window {
  const format = attrs['dataFormat'] === 'NCHW' ? 'channelsFirst' : 'channelsLast';
  const info = backend_util.computeConv2DInfo(
    inShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs['strides'] as number | Size,
    (attrs['dilations'] ?? 1) as number | Size,
    attrs['pad'] as Pads,
    attrs['dimRoundingMode'] as Rounding,
    depthwise,
    format,
  );
  return window(info);
}

export function poolWindow(inShape: readonly number[], attrs: NamedAttrMap): Window {
  return window(
    backend_util.computePool2DInfo(
      inShape as [number, number, number, number],
      attrs['filterSize'] as number | Size,
      attrs['strides'] as number | Size,
      (attrs['dilations'] ?? 1) as number | Size,
      attrs['pad'] as Pads,
      attrs['dimRoundingMode'] as Rounding,
    ),
  );
}

function window(info: ReturnType<typeof backend_util.computeConv2DInfo>): Window {
  return {
    batch: info.batchSize,
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
    outShape: info.outShape,
    nchw: info.dataFormat === 'channelsFirst',
  };
}

/** Rows and columns that one application of the kernel spans. */
export function extent({ kernel, dilations }: Window): Size {
  return [(kernel[0] - 1) * dilations[0] + 1, (kernel[1] - 1) * dilations[1] + 1];
}

/** Padding after the last row and column that gives exactly the output size; negative where rows are unused. */
export function after(w: Window): Size {
  const span = extent(w);
  const one = (k: 0 | 1): number => (w.output[k] - 1) * w.strides[k] + span[k] - w.input[k] - w.before[k];
  return [one(0), one(1)];
}

/**
 * Rows and columns at the end that no window reads, where there are enough of them for another window. It happens
 * because tfjs sizes the output of an explicit number of padding by the kernel's height alone.
 */
export function unread(w: Window): Size {
  const [bottom, right] = after(w);
  return [bottom <= -w.strides[0] ? -bottom : 0, right <= -w.strides[1] ? -right : 0];
}

/** The same window on an image without its unread end. */
export function trimmed(w: Window): Window {
  const [rows, columns] = unread(w);
  return { ...w, input: [w.input[0] - rows, w.input[1] - columns] };
}

/** The attributes of an ONNX Conv or pooling node that slides this window. */
export function windowAttributes(w: Window): Record<string, number[]> {
  const [bottom, right] = after(w);
  return {
    kernel_shape: w.kernel,
    strides: w.strides,
    dilations: w.dilations,
    pads: [...w.before, Math.max(0, bottom), Math.max(0, right)],
  };
}

/** Every application of a 1x1 kernel reads its own pixel, and every pixel is read. */
export function isPointwise(w: Window): boolean {
  return (
    w.kernel.every((k) => k === 1) &&
    w.strides.every((s) => s === 1) &&
    w.before.every((p) => p === 0) &&
    after(w).every((p) => p === 0)
  );
}

/**
 * For each output pixel and each position in the kernel, the input pixel read there as an index into H*W; padding
 * reads the index H*W, one past the image.
 */
export function patchIndices(w: Window): { readonly indices: Int32Array; readonly padded: boolean } {
  const [height, width] = w.input;
  const [kernelHeight, kernelWidth] = w.kernel;
  const indices = new Int32Array(w.output[0] * w.output[1] * kernelHeight * kernelWidth);
  let padded = false;
  let at = 0;
  for (let r = 0; r < w.output[0]; r++) {
    for (let c = 0; c < w.output[1]; c++) {
      for (let i = 0; i < kernelHeight; i++) {
        const y = r * w.strides[0] - w.before[0] + i * w.dilations[0];
        for (let j = 0; j < kernelWidth; j++) {
          const x = c * w.strides[1] - w.before[1] + j * w.dilations[1];
          const inside = y >= 0 && y < height && x >= 0 && x < width;
          indices[at++] = inside ? y * width + x : height * width;
          padded ||= !inside;
        }
      }
    }
  }
  return { indices, padded };
}

/** The output of a window with `outShape`, as float32. */
export const outputSpec = (w: Window): Spec => ({ shape: w.outShape, dtype: 'float32' });
