// The language that networks are written in. A program says once what a network is; interpreters make of
// it what is needed: `describe` runs it on shapes (parameters, connections, coupling groups, costs),
// `execute` on tensors.

import type { Initializer } from './init.ts';

export interface ConvOptions {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros on every side; floor(kernel / 2) unless given. */
  readonly pad?: number;
  readonly bias?: boolean;
  /** Whether its kernel slices are connections of the MA-Net; true unless given. */
  readonly modulated?: boolean;
  readonly init?: Initializer;
}

export interface DenseOptions {
  readonly out: number;
  readonly bias?: boolean;
  readonly modulated?: boolean;
  readonly init?: Initializer;
}

export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  readonly pad?: number;
}

export interface EmbeddingOptions {
  readonly tokens: number;
  readonly width: number;
  readonly init: Initializer;
}

export interface AttentionOptions {
  /** Width of one head. How many heads there are follows from the width of the queries. */
  readonly headDim: number;
}

export interface WindowAttentionOptions extends AttentionOptions {
  /** Side of a window; divides the height and the width. */
  readonly window: number;
  /** How far the windows lie below and to the right of the plain grid; 0 unless given, or where one window is all. */
  readonly shift?: number;
}

/** The layers a program may use. `V` is a tensor when the network runs, a shape when it is described. */
export interface Net<V> {
  /** Convolution of [B, H, W, C], `<name>.weight` and optionally `<name>.bias`. */
  conv(name: string, x: V, options: ConvOptions): V;
  /** Matrix product over the last axis, `<name>.weight` and `<name>.bias`. */
  dense(name: string, x: V, options: DenseOptions): V;
  /** Batch normalisation over all axes but the last; epsilon 1e-5. */
  batchNorm(name: string, x: V): V;
  /** Layer normalisation over the last axis. It mixes its channels, so that none of them can ever be cut. */
  layerNorm(name: string, x: V, options: { readonly epsilon: number }): V;
  relu(x: V): V;
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
  /** Names a value that a head may read; returns it. */
  feature(name: string, x: V): V;
}

/** From images [B, H, W, C] to logits [B, K]. */
export type Program = <V>(net: Net<V>, images: V) => V;
