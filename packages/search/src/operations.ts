// The operations that edges of cells are chosen from. Liu et al. 2019 (arXiv:1806.09055), section 3.1; Dong & Yang 2020
// (arXiv:2001.00326), section 2.1. Parameters have the names of the authors' code.

import type { Net } from '@ma-net/core';
import { freeNorm } from './layers/free-norm.ts';
import { nothing } from './layers/nothing.ts';

/** An operation of one of the spaces. */
export type OperationName =
  | 'none'
  | 'max_pool_3x3'
  | 'avg_pool_3x3'
  | 'skip_connect'
  | 'sep_conv_3x3'
  | 'sep_conv_5x5'
  | 'dil_conv_3x3'
  | 'dil_conv_5x5'
  | 'nor_conv_1x1'
  | 'nor_conv_3x3';

/** How the operations of a network are made. */
export interface Making<V> {
  readonly net: Net<V>;
  /** Whether batch normalisation has gains and offsets: while a network is searched it has none. */
  readonly affine: boolean;
  /** Whether pooling is normalised, as the search networks of DARTS and DARTS-PT do. */
  readonly poolNorm?: boolean;
}

/** Where an operation stands. */
export interface Place {
  /** Goes before the names of its tensors. */
  readonly name: string;
  /** Channels that it makes. */
  readonly channels: number;
  readonly stride: 1 | 2;
}

/** Batch normalisation, with or without gains and offsets. */
function normalised<V>({ net, affine }: Making<V>, name: string, x: V): V {
  return affine ? net.batchNorm(name, x) : net.apply(freeNorm, name, [x], null);
}

/** What one operation makes of `x`: [B, H, W, C] -> [B, H / stride, W / stride, channels]. */
export function operation<V>(making: Making<V>, op: OperationName, x: V, place: Place): V {
  switch (op) {
    case 'none':
      return making.net.apply(nothing, '', [x], { stride: place.stride });
    case 'max_pool_3x3':
    case 'avg_pool_3x3':
      return pooled(making, op, x, place);
    case 'skip_connect':
      return place.stride === 1 ? x : halved(making, x, place);
    case 'sep_conv_3x3':
      return separable(making, 3, x, place);
    case 'sep_conv_5x5':
      return separable(making, 5, x, place);
    case 'dil_conv_3x3':
      return dilated(making, 3, x, place);
    case 'dil_conv_5x5':
      return dilated(making, 5, x, place);
    case 'nor_conv_1x1':
      return convolved(making, 1, x, place);
    case 'nor_conv_3x3':
      return convolved(making, 3, x, place);
  }
}

function pooled<V>(making: Making<V>, op: 'max_pool_3x3' | 'avg_pool_3x3', x: V, { name, stride }: Place): V {
  const { net, poolNorm = false } = making;
  const windows = { kernel: 3, stride, pad: 1 };
  const y = op === 'max_pool_3x3' ? net.maxPool(x, windows) : net.avgPool(x, windows);
  return poolNorm ? normalised(making, `${name}.1`, y) : y;
}

/** ReLU, convolution, normalisation. */
export function convolved<V>(making: Making<V>, kernel: 1 | 3, x: V, { name, channels, stride }: Place): V {
  const { net } = making;
  const y = net.conv(`${name}.op.1`, net.relu(x), { out: channels, kernel, stride });
  return normalised(making, `${name}.op.2`, y);
}

/**
 * Half the image with as many channels: one half of them sees the even positions, the other one the odd ones. Throws
 * `shape-mismatch` for sides that are odd.
 */
export function halved<V>(making: Making<V>, x: V, { name, channels }: Place): V {
  const { net } = making;
  const active = net.relu(x);
  const half = Math.floor(channels / 2);
  const even = net.conv(`${name}.conv_1`, active, { out: half, kernel: 1, stride: 2 });
  const odd = net.conv(`${name}.conv_2`, net.crop(active, { top: 1, left: 1 }), {
    out: channels - half,
    kernel: 1,
    stride: 2,
  });
  return normalised(making, `${name}.bn`, net.concat([even, odd]));
}

/** Twice: ReLU, depthwise, 1x1, normalisation. */
function separable<V>(making: Making<V>, kernel: 3 | 5, x: V, { name, channels, stride }: Place): V {
  const { net } = making;
  let y = net.depthwiseConv(`${name}.op.1`, net.relu(x), { kernel, stride });
  y = net.conv(`${name}.op.2`, y, { out: net.shape(x).at(-1)!, kernel: 1 });
  y = net.relu(normalised(making, `${name}.op.3`, y));
  y = net.depthwiseConv(`${name}.op.5`, y, { kernel });
  y = net.conv(`${name}.op.6`, y, { out: channels, kernel: 1 });
  return normalised(making, `${name}.op.7`, y);
}

/** ReLU, depthwise with gaps of one, 1x1, normalisation. */
function dilated<V>(making: Making<V>, kernel: 3 | 5, x: V, { name, channels, stride }: Place): V {
  const { net } = making;
  const y = net.depthwiseConv(`${name}.op.1`, net.relu(x), { kernel, stride, dilation: 2 });
  return normalised(making, `${name}.op.3`, net.conv(`${name}.op.2`, y, { out: channels, kernel: 1 }));
}
