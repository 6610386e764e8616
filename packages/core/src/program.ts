// The language that networks are written in. A program says once what a network is; interpreters make of
// it what is needed: run on shapes it yields parameters, connections, coupling groups and costs; run on
// tensors it computes.

import type { Op } from './op.ts';
import { add } from './ops/add.ts';
import { attention, type AttentionOptions } from './ops/attention.ts';
import { avgPool } from './ops/avg-pool.ts';
import { batchNorm } from './ops/batch-norm.ts';
import { concat } from './ops/concat.ts';
import { conv, type ConvOptions } from './ops/conv.ts';
import { dense, type DenseOptions } from './ops/dense.ts';
import { embedding, type EmbeddingOptions } from './ops/embedding.ts';
import { flatten } from './ops/flatten.ts';
import { gelu } from './ops/gelu.ts';
import { globalAveragePool } from './ops/global-average-pool.ts';
import { grid } from './ops/grid.ts';
import { layerNorm } from './ops/layer-norm.ts';
import { maxPool, type PoolOptions } from './ops/max-pool.ts';
import { mergePatches } from './ops/merge-patches.ts';
import { prepend } from './ops/prepend.ts';
import { relu } from './ops/relu.ts';
import { takeTokens } from './ops/take-tokens.ts';
import { tokens } from './ops/tokens.ts';
import { windowAttention, type WindowAttentionOptions } from './ops/window-attention.ts';

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
  layerNorm(name: string, x: V, options: { readonly epsilon: number }): V;
  relu(x: V): V;
  /** x Phi(x), with the exact normal distribution function. */
  gelu(x: V): V;
  /** Sum of two values of one shape; an embedding is added to every image. */
  add(a: V, b: V): V;
  /** Joins along the channels. */
  concat(values: readonly V[]): V;
  maxPool(x: V, options: PoolOptions): V;
  avgPool(x: V, options: PoolOptions): V;
  /** [B, H, W, C] -> [B, C]. */
  globalAveragePool(x: V): V;
  /** [B, H, W, C] -> [B, H * W * C]. */
  flatten(x: V): V;
  /** A learned value that is the same for every image, [1, tokens, width]: the parameter `name`. */
  embedding(name: string, options: EmbeddingOptions): V;
  /** [B, H, W, C] -> [B, H * W, C]. */
  tokens(x: V): V;
  /** [B, height * width, C] -> [B, height, width, C]. */
  grid(x: V, height: number, width: number): V;
  /** Puts the tokens of `first`, an embedding, before those of every image. */
  prepend(first: V, x: V): V;
  /** `count` tokens from `start` on: [B, N, C] -> [B, count, C]. */
  takeTokens(x: V, start: number, count: number): V;
  /** Every token [B, N, D] looks at every other. The units of q, k and v are heads from here on. */
  attention(q: V, k: V, v: V, options: AttentionOptions): V;
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
    conv: (name, x, options) => apply(conv, name, [x], options),
    dense: (name, x, options) => apply(dense, name, [x], options),
    batchNorm: (name, x) => apply(batchNorm, name, [x], null),
    layerNorm: (name, x, options) => apply(layerNorm, name, [x], options),
    relu: (x) => apply(relu, '', [x], null),
    gelu: (x) => apply(gelu, '', [x], null),
    add: (a, b) => apply(add, '', [a, b], null),
    concat: (values) => apply(concat, '', values, null),
    maxPool: (x, options) => apply(maxPool, '', [x], options),
    avgPool: (x, options) => apply(avgPool, '', [x], options),
    globalAveragePool: (x) => apply(globalAveragePool, '', [x], null),
    flatten: (x) => apply(flatten, '', [x], null),
    embedding: (name, options) => apply(embedding, name, [], options),
    tokens: (x) => apply(tokens, '', [x], null),
    grid: (x, height, width) => apply(grid, '', [x], { height, width }),
    prepend: (first, x) => apply(prepend, '', [first, x], null),
    takeTokens: (x, start, count) => apply(takeTokens, '', [x], { start, count }),
    attention: (q, k, v, options) => apply(attention, '', [q, k, v], options),
    windowAttention: (name, q, k, v, options) => apply(windowAttention, name, [q, k, v], options),
    mergePatches: (x) => apply(mergePatches, '', [x], null),
  };
}

/** The same layers under longer names: with the prefix `backbone.`, `conv1.weight` is `backbone.conv1.weight`. */
export function scoped<V>(net: Net<V>, prefix: string): Net<V> {
  return netOf<V>({
    apply: (op, name, inputs, options) => net.apply(op, name === '' ? '' : prefix + name, inputs, options),
    shape: (x) => net.shape(x),
  });
}
