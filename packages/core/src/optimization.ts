// How tensors are trained, as plain data: a recipe records it, and the trainer carries it out.

import type { ParameterSpec } from './network.ts';

export interface SgdOptions {
  readonly name: 'sgd';
  readonly momentum: number;
  readonly nesterov?: boolean;
  readonly weightDecay: number;
}

export interface AdamWOptions {
  readonly name: 'adamw';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

export type OptimizerOptions = SgdOptions | AdamWOptions;

/** How the learning rate goes from its base value, over the mini-batches of a run. */
export type Schedule =
  | { readonly name: 'constant'; readonly warmup?: number }
  /** From base down to `lowest`, 0 unless given, along half a cosine (Loshchilov & Hutter 2017, without restarts). */
  | { readonly name: 'cosine'; readonly warmup?: number; readonly lowest?: number }
  /** base * factor^k after the k-th of `at`, given as parts of the run, 0..1. */
  | {
      readonly name: 'steps';
      readonly at: readonly number[];
      readonly factor: number;
      readonly warmup?: number;
    };

/** Parameters that are trained in a way of their own. */
export interface ParameterGroup {
  /** Names that belong to it; `*` stands for anything: `layer1.*`, `*.bias`. Every name unless given. */
  readonly match?: string;
  /** Kinds that belong to it, such as `vector` for biases and norms; every kind unless given. */
  readonly kind?: ParameterSpec['kind'];
  /** Factor on the learning rate; 1 unless given. */
  readonly rate?: number;
  /** Factor on the weight decay; 1 unless given. */
  readonly decay?: number;
  /** Whether they stay as they are. */
  readonly frozen?: boolean;
}

/** How the tensors of one section of a run are trained. */
export interface Optimization {
  readonly optimizer: OptimizerOptions;
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Largest global norm of the gradient; not clipped unless given. */
  readonly clip?: number;
  /** What weight decay hits: everything, or kernels alone and no bias, norm or position table; `all` unless given. */
  readonly decay?: 'all' | 'kernels';
  /** A parameter belongs to the first group that matches it. */
  readonly groups?: readonly ParameterGroup[];
}
