// The language that networks are written in. A program says once what a network is; interpreters make of
// it what is needed: run on shapes it yields parameters, connections, coupling groups and costs; run on
// tensors it computes.

import type { Op } from './op.ts';
import type { AdaptiveAvgPoolOptions } from './ops/adaptive-avg-pool.ts';
import type { AttentionOptions } from './ops/attention.ts';
import type { ConvOptions } from './ops/conv.ts';
import type { CropOptions } from './ops/crop.ts';
import type { DenseOptions } from './ops/dense.ts';
import type { DepthwiseConvOptions } from './ops/depthwise-conv.ts';
import type { DropPathOptions } from './ops/drop-path.ts';
import type { DropOptions } from './ops/dropout.ts';
import type { EmbeddingOptions } from './ops/embedding.ts';
import type { GridPositionsOptions } from './ops/grid-positions.ts';
import type { GroupNormOptions } from './ops/group-norm.ts';
import type { GroupedConvOptions } from './ops/grouped-conv.ts';
import * as ops from './ops/index.ts';
import type { LayerNormOptions } from './ops/layer-norm.ts';
import type { MatmulOptions } from './ops/matmul.ts';
import type { PoolOptions } from './ops/max-pool.ts';
import type { MixOptions } from './ops/mix.ts';
import type { UpsampleOptions } from './ops/upsample.ts';
import type { WindowAttentionOptions } from './ops/window-attention.ts';

/** What an interpreter has to offer: the rest of a `Net` follows from it. */
export interface Interpreter<V> {
  /** Applies a layer. `name` goes before the names of its tensors; layers without tensors may have an empty one. */
  apply<Options>(op: Op<Options>, name: string, inputs: readonly V[], options: Options): V;
  /** All axes but the batch. A program asks for sizes and closes over none, so that it serves images of every size. */
  shape(x: V): readonly number[];
}

/** Applies the layers of core, and by `apply` any other. `V` is a tensor when the network runs, a shape when it is described. */
export interface Net<V> extends Interpreter<V> {
  /** Convolution of [B, H, W, C], `<name>.weight` and optionally `<name>.bias`. */
  conv(name: string, x: V, options: ConvOptions): V;
  /** Matrix product over the last axis, `<name>.weight` and `<name>.bias`. */
  dense(name: string, x: V, options: DenseOptions): V;
  /** Batch normalisation over all axes but the last; epsilon 1e-5. */
  batchNorm(name: string, x: V): V;
  /** Layer normalisation over the last axis. It mixes its channels, so that none of them can ever be cut. */
  layerNorm(name: string, x: V, options: LayerNormOptions): V;
  /** Normalisation within groups of `groupWidth` channels, which are units from here on. */
  groupNorm(name: string, x: V, options: GroupNormOptions): V;
  /** Batch normalisation with gains, offsets and moments that training leaves as they are. */
  frozenBatchNorm(name: string, x: V): V;
  /** Convolution of every channel by itself: `<name>.weight`, [kernel, kernel, C, 1]. */
  depthwiseConv(name: string, x: V, options: DepthwiseConvOptions): V;
  /** Convolution within groups of `groupWidth` channels: `<name>.weight`, [kernel, kernel, groupWidth, channels]. */
  groupedConv(name: string, x: V, options: GroupedConvOptions): V;
  relu(x: V): V;
  sigmoid(x: V): V;
  /** x sigmoid(x). */
  silu(x: V): V;
  hardSwish(x: V): V;
  /** x Phi(x), with the exact normal distribution function. */
  gelu(x: V): V;
  /** e to the power of every number. */
  exp(x: V): V;
  /** Shares over the last axis, which need all its channels. */
  softmax(x: V): V;
  /** Sum of two values of one shape; an embedding is added to every image. */
  add(a: V, b: V): V;
  /** `x` times a gate of its shape, of one number per channel [C], or of one per position [H, W, 1]. */
  mul(x: V, gate: V): V;
  /** Quotient of two values of one shape. */
  div(a: V, b: V): V;
  /** Product of [..., K] and [K, M], or [M, K] transposed, image by image. */
  matmul(a: V, b: V, options?: MatmulOptions): V;
  /** Sum of `values`, weighted by the softmax of the parameter `name`. */
  mix(name: string, values: readonly V[], options?: MixOptions): V;
  /** Zeroes numbers at random while training. The name says which random numbers are its own. */
  dropout(name: string, x: V, options: DropOptions): V;
  /** Drops a residual branch of an image at random while training. */
  dropPath(name: string, x: V, options: DropPathOptions): V;
  /** The value times a constant. */
  scale(x: V, by: number): V;
  /** The value as it is; its gradient times `by`. */
  scaleGradient(x: V, by: number): V;
  /** Joins along the channels. */
  concat(values: readonly V[]): V;
  maxPool(x: V, options: PoolOptions): V;
  avgPool(x: V, options: PoolOptions): V;
  /** An image without its first rows and columns. */
  crop(x: V, options: CropOptions): V;
  /** Means of `size` x `size` cells that cover the image: [B, H, W, C] -> [B, size, size, C]. */
  adaptiveAvgPool(x: V, options: AdaptiveAvgPoolOptions): V;
  /** [B, H, W, C] -> [B, times H, times W, C]. */
  upsample(x: V, options: UpsampleOptions): V;
  /** [B, H, W, C] -> [B, C]. */
  globalAveragePool(x: V): V;
  /** [B, H, W, C] -> [B, H * W * C]. */
  flatten(x: V): V;
  /** A learned value that is the same for every image, [1, tokens, width]: the parameter `name`. */
  embedding(name: string, options: EmbeddingOptions): V;
  /** Adds what is learned of rows and columns, `<name>.row` and `<name>.column`; no channel can go. */
  gridPositions(name: string, x: V, options: GridPositionsOptions): V;
  /** [B, H, W, C] -> [B, H * W, C]. */
  tokens(x: V): V;
  /** [B, height * width, C] -> [B, height, width, C]. */
  grid(x: V, height: number, width: number): V;
  /** Puts the tokens of `first`, an embedding, before those of every image. */
  prepend(first: V, x: V): V;
  /** `count` tokens from `start` on: [B, N, C] -> [B, count, C]. */
  takeTokens(x: V, start: number, count: number): V;
  /** An image [B, H, W, C] at points [B, K, 2] between its positions, as parts of its width and height: [B, K, C]. */
  sample(x: V, points: V): V;
  /** Tokens [B, N, C] by their indices [B, K]: [B, K, C]; zeros where an index is none, such as -1. */
  gather(x: V, indices: V): V;
  /**
   * Every query [B, Q, D] looks at every key [B, K, D]; `mask` [B, K] is 0 where a key is padding. The units of q, k and
   * v are heads from here on.
   */
  attention(q: V, k: V, v: V, options: AttentionOptions, mask?: V): V;
  /**
   * Attention within windows of an image [B, H, W, D], with a learned bias for each relative position:
   * `<name>.relative_position_bias_table`, [(2 window - 1)^2, heads].
   */
  windowAttention(name: string, q: V, k: V, v: V, options: WindowAttentionOptions): V;
  /** Every 2x2 patch becomes one position: [B, H, W, C] -> [B, H / 2, W / 2, 4 C], column by column. */
  mergePatches(x: V): V;
}

/**
 * From named inputs to named values. The same layers in the same order on every call: it branches on options, sizes
 * and on which inputs are given (`undefined` where one is not), never on values.
 */
export type Program<I extends string = 'images', O extends string = string> = <V>(
  net: Net<V>,
  inputs: Readonly<Record<I, V>>,
) => Readonly<Partial<Record<O, V>>>;

/** All layers of core, made of `apply`. */
export function netOf<V>({ apply, shape }: Interpreter<V>): Net<V> {
  return {
    apply,
    shape,
    conv: (name, x, options) => apply(ops.conv, name, [x], options),
    dense: (name, x, options) => apply(ops.dense, name, [x], options),
    batchNorm: (name, x) => apply(ops.batchNorm, name, [x], null),
    layerNorm: (name, x, options) => apply(ops.layerNorm, name, [x], options),
    groupNorm: (name, x, options) => apply(ops.groupNorm, name, [x], options),
    frozenBatchNorm: (name, x) => apply(ops.frozenBatchNorm, name, [x], null),
    depthwiseConv: (name, x, options) => apply(ops.depthwiseConv, name, [x], options),
    groupedConv: (name, x, options) => apply(ops.groupedConv, name, [x], options),
    relu: (x) => apply(ops.relu, '', [x], null),
    sigmoid: (x) => apply(ops.sigmoid, '', [x], null),
    silu: (x) => apply(ops.silu, '', [x], null),
    hardSwish: (x) => apply(ops.hardSwish, '', [x], null),
    gelu: (x) => apply(ops.gelu, '', [x], null),
    exp: (x) => apply(ops.exp, '', [x], null),
    softmax: (x) => apply(ops.softmax, '', [x], null),
    add: (a, b) => apply(ops.add, '', [a, b], null),
    mul: (x, gate) => apply(ops.mul, '', [x, gate], null),
    div: (a, b) => apply(ops.div, '', [a, b], null),
    matmul: (a, b, options = {}) => apply(ops.matmul, '', [a, b], options),
    mix: (name, values, options = {}) => apply(ops.mix, name, values, options),
    dropout: (name, x, options) => apply(ops.dropout, name, [x], options),
    dropPath: (name, x, options) => apply(ops.dropPath, name, [x], options),
    scale: (x, by) => apply(ops.scale, '', [x], { by }),
    scaleGradient: (x, by) => apply(ops.scaleGradient, '', [x], { by }),
    concat: (values) => apply(ops.concat, '', values, null),
    maxPool: (x, options) => apply(ops.maxPool, '', [x], options),
    avgPool: (x, options) => apply(ops.avgPool, '', [x], options),
    crop: (x, options) => apply(ops.crop, '', [x], options),
    adaptiveAvgPool: (x, options) => apply(ops.adaptiveAvgPool, '', [x], options),
    upsample: (x, options) => apply(ops.upsample, '', [x], options),
    globalAveragePool: (x) => apply(ops.globalAveragePool, '', [x], null),
    flatten: (x) => apply(ops.flatten, '', [x], null),
    embedding: (name, options) => apply(ops.embedding, name, [], options),
    gridPositions: (name, x, options) => apply(ops.gridPositions, name, [x], options),
    tokens: (x) => apply(ops.tokens, '', [x], null),
    grid: (x, height, width) => apply(ops.grid, '', [x], { height, width }),
    prepend: (first, x) => apply(ops.prepend, '', [first, x], null),
    takeTokens: (x, start, count) => apply(ops.takeTokens, '', [x], { start, count }),
    sample: (x, points) => apply(ops.sample, '', [x, points], null),
    gather: (x, indices) => apply(ops.gather, '', [x, indices], null),
    attention: (q, k, v, options, mask) =>
      apply(ops.attention, '', mask === undefined ? [q, k, v] : [q, k, v, mask], options),
    windowAttention: (name, q, k, v, options) => apply(ops.windowAttention, name, [q, k, v], options),
    mergePatches: (x) => apply(ops.mergePatches, '', [x], null),
  };
}

/** The same layers under longer names: with the prefix `backbone.`, `conv1.weight` is `backbone.conv1.weight`. */
export function scoped<V>(net: Net<V>, prefix: string): Net<V> {
  return netOf<V>({
    apply: (op, name, inputs, options) => net.apply(op, name === '' ? '' : prefix + name, inputs, options),
    shape: (x) => net.shape(x),
  });
}
