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

/** The layers a program may use. `V` is a tensor when the network runs, a shape when it is described. */
export interface Net<V> {
  /** Convolution of [B, H, W, C], `<name>.weight` and optionally `<name>.bias`. */
  conv(name: string, x: V, options: ConvOptions): V;
  /** Matrix product over the last axis, `<name>.weight` and `<name>.bias`. */
  dense(name: string, x: V, options: DenseOptions): V;
  /** Batch normalisation over all axes but the last; epsilon 1e-5. */
  batchNorm(name: string, x: V): V;
  relu(x: V): V;
  add(a: V, b: V): V;
  /** Joins along the channels. */
  concat(values: readonly V[]): V;
  maxPool(x: V, options: PoolOptions): V;
  avgPool(x: V, options: PoolOptions): V;
  /** [B, H, W, C] -> [B, C]. */
  globalAveragePool(x: V): V;
  /** [B, H, W, C] -> [B, H * W * C]. */
  flatten(x: V): V;
  /** Names a value that a head may read; returns it. */
  feature(name: string, x: V): V;
}

/** From images [B, H, W, C] to logits [B, K]. */
export type Program = <V>(net: Net<V>, images: V) => V;
