// A method says how W is trained. The loop, the optimisers and the checkpoints know none by name.

import type * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch-source.ts';
import type { Masks } from './masks.ts';
import type { ForwardContext, ModulatedKernel } from './network.ts';
import type { Optimization } from './optimization.ts';
import type { Params } from './params.ts';
import type { Rng } from './rng.ts';
import type { Task } from './task.ts';

/** Mini-batches in a row that are treated alike. */
export interface Round {
  readonly index: number;
  /** The method's own word, such as `plain` or `astrocytes`. */
  readonly kind: string;
  /** Mini-batches before it. */
  readonly start: number;
  /** Number of mini-batches. */
  readonly length: number;
  /**
   * Which part of the training set it draws from, where a method keeps several; all of it unless given. Of more than one,
   * a mini-batch holds as many samples of each, one part after the other.
   */
  readonly split?: string | readonly string[];
  /**
   * The mini-batches over which the learning rate goes once through its schedule, where a method trains several times in a
   * row; those of the run unless given.
   */
  readonly schedule?: { readonly start: number; readonly length: number };
}

/** What a new decision did to the connections. */
export interface MaskChange {
  /** Connections alive, of all. */
  readonly kept: number;
  readonly connections: number;
  /** Since the decision before. */
  readonly died: number;
  readonly revived: number;
  /** Parameters of dead connections. */
  readonly removedParams: number;
  /** Connections alive of every kernel, in the order of the network's; not all methods tell. */
  readonly keptByKernel?: readonly number[];
  /** Pre-neurons of every kernel that a living connection reads. */
  readonly channelsByKernel?: readonly number[];
}

/** Tensors of a run by section, then by name. W and its running statistics are everybody's. */
export interface Sections {
  readonly params: Params;
  readonly stats: Params;
  readonly [section: string]: Params | undefined;
}

/** A section of a method's own. */
export interface SectionSpec {
  /** Shapes of its tensors by name: a checkpoint must have these. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Whether it may hold nothing yet. */
  readonly mayBeEmpty?: boolean;
  /** How it is trained by gradients, or `params`: as W is. Sections without it are replaced as a whole. */
  readonly optimization?: Optimization | 'params';
}

/** What a method decided between two mini-batches. Owns its tensors. */
export interface Decision {
  /** Sections that consist of these tensors from now on. */
  readonly replaced: Readonly<Record<string, Params>>;
  readonly change?: MaskChange;
}

/**
 * Loss and gradients of a mini-batch. Owns its tensors. The loop sums gradients over ranks, clips, refuses what is not
 * finite, updates, and logs the terms.
 */
export interface Step {
  readonly terms: Readonly<Record<string, tf.Scalar>>;
  /** The next running statistics. */
  readonly stats: Params;
  /** Gradients by section. A parameter without one is not touched. */
  readonly grads: Readonly<Record<string, Params>>;
  /**
   * Sections that consist of these tensors from now on. They follow from the state, not from the mini-batch: ranks see
   * different parts of it, and must agree.
   */
  readonly replaced?: Readonly<Record<string, Params>>;
}

/** What is to be removed from a trained network. */
export interface Removal {
  readonly masks: Masks;
  /** The rule that decided, as the method writes it in a recipe. */
  readonly rule: unknown;
  /** Whether it is another one than the run was trained with, so that the outputs change. */
  readonly moved: boolean;
  /** W as the network computes with it after the removal; owned by the caller. */
  weights(): Params;
}

/** A method, opened for one run. */
export interface Training<B extends Batch> {
  readonly rounds: readonly Round[];
  /** Its own sections, beside `params` and `stats`. */
  readonly sections: Readonly<Record<string, SectionSpec>>;
  /** The kernels whose connections it may remove; all that the network declares unless given. */
  readonly kernels?: readonly ModulatedKernel[];
  /** One line on what it will do, for people; absent where there is nothing to say. */
  readonly about?: string;
  /** What the options ask for and this run cannot reach, as sentences. */
  readonly warnings?: readonly string[];
  /**
   * Its sections before the first mini-batch, owned by the caller. `rng` is the run's: split it, so that W does not
   * depend on the method.
   */
  init(rng: Rng): Readonly<Record<string, Params>>;
  /** Between two mini-batches, before number `b` (from 0): may read back. */
  before?(b: number, round: Round, state: Sections): Promise<Decision | undefined>;
  /** Borrows everything, batch included. */
  step(b: number, round: Round, state: Sections, batch: B, ctx: ForwardContext): Promise<Step>;
  /** W as the network is evaluated with it: gates applied, branches left out. Owned by the caller. */
  weights(state: Sections): Params;
  /**
   * What goes, as it was trained or by another rule of the same method. Undefined where nothing was ever decided.
   * Throws `bad-argument` for a rule that is none.
   */
  removal?(state: Sections, rule?: unknown): Promise<Removal | undefined>;
  /** Frees what it shares between steps. */
  dispose?(): void;
}

/** The size of a run. */
export interface RunLength {
  /** B: mini-batches in all. */
  readonly budget: number;
  readonly batchesPerEpoch: number;
}

export interface Method {
  readonly name: string;
  /** Views of every sample that it needs in a mini-batch, one after the other; 1 unless given. */
  readonly views?: number;
  /**
   * The task trained in place of the one given: with more branches, with exits that boost each other, or on a narrower
   * network. The network of the task that it returns is the run's: trained, evaluated, pruned, saved and exported.
   */
  wrap?<B extends Batch>(task: Task<B>): Task<B>;
  /** Throws `bad-argument` for options that do not fit the network. */
  open<B extends Batch>(task: Task<B>, length: RunLength): Training<B>;
}

/**
 * The ranks of a data-parallel run: processes that each take a part of every mini-batch, and hold the same state. A run of
 * one has none, and its step stays one graph. All ranks call the same functions in the same order.
 */
export interface Ranks {
  /** From 0 to size - 1; rank 0 evaluates, saves and reports. */
  readonly rank: number;
  readonly size: number;
  /** The mean over all ranks of float32 tensors that each of them has; the same bits everywhere, owned by the caller. */
  mean(tensors: Params): Promise<Params>;
  /**
   * The mean over all ranks of numbers of a step, inside of its graph and with gradients: the gradient of a mean of the
   * ranks' losses, if their gradients are averaged. Throws `unsupported-op` on backends that do not compute on the host.
   */
  meanInStep(x: tf.Tensor): tf.Tensor;
  /** What every rank says, by rank. */
  gather(words: string): Promise<readonly string[]>;
  /** What rank 0 says, to all. */
  broadcast(bytes?: Uint8Array): Promise<Uint8Array>;
}
