// What a network is to everything that trains, modulates, prunes or draws it: a pure function of its
// weights that declares which of them are connections, and which axes can only be cut together.

import type * as tf from '@tensorflow/tfjs-core';
import type { Initializer } from './init.ts';
import type { Params } from './params.ts';
import type { Net } from './program.ts';
import type { Rng } from './rng.ts';

/** One trainable tensor. Convolution kernels are [kh, kw, in, out], dense kernels [in, out]. */
export interface ParameterSpec {
  readonly name: string;
  readonly kind: 'conv' | 'depthwise' | 'dense' | 'vector' | 'embedding';
  readonly shape: readonly number[];
  readonly init: Initializer;
  /** Multiply-accumulates that each of its numbers takes part in, per image; 0 for all but kernels. */
  readonly positions: number;
}

/** One running statistic: moved by training, never by a gradient. */
export interface StatisticSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: number;
  /** Whether it is no estimate from images: what is estimated again for other weights leaves it as it is. */
  readonly held?: true;
}

/** A kernel between neurons. Its slice between one pre-neuron and one post-neuron is a connection. */
export interface ModulatedKernel {
  readonly param: string;
  /** Axis of the input channels: 2 for a convolution (HWIO), 0 for a dense kernel. */
  readonly preAxis: number;
  /** Axis of the output channels: 3 for a convolution, 1 for a dense kernel. */
  readonly postAxis: number;
  /** Number of pre-neurons, F. */
  readonly preNeurons: number;
  /** Number of post-neurons, O. */
  readonly postNeurons: number;
  /** Numbers in one connection: kernel height times width. */
  readonly area: number;
  /** Kernel width. */
  readonly width: number;
}

/** Indices `start + unit * block ... + block - 1` of one axis belong to a unit of a coupling group. */
export interface CouplingMember {
  readonly tensor: string;
  readonly axis: number;
  readonly start: number;
  readonly block: number;
  /** `write`: makes the channel; `norm`: one entry per channel; `read`: a kernel's input. */
  readonly role: 'write' | 'norm' | 'read';
}

/** Who needs every channel of a group: an output of the network, or a layer such as a layer normalisation. */
export interface Pin {
  readonly kind: 'output' | 'layer';
  /** The output's or the layer's; a layer without a name goes by its kind. */
  readonly name: string;
}

/** Axes that can only lose an index together: a residual stage, a BN after its conv, an attention head. */
export interface CouplingGroup {
  /** The layer that writes it first. */
  readonly id: string;
  readonly units: number;
  readonly members: readonly CouplingMember[];
  /** Who else reads it, so that no unit can ever go. */
  readonly pinnedBy: readonly Pin[];
}

/** What a network takes or gives. */
export interface ValueInfo {
  readonly name: string;
  /** All axes but the batch: [height, width, channels], [tokens, channels], [channels]. */
  readonly shape: readonly number[];
  /** Input pixels from one position to the next, followed through the layers; 0 for what has no positions. */
  readonly stride: number;
}

/** Ranks that each compute a part of a mini-batch, all of one size, as the inside of a step sees them. */
export interface StepRanks {
  readonly size: number;
  /** The mean over the ranks, with gradients: of the counts that a loss is divided by, for one. */
  mean(x: tf.Tensor): tf.Tensor;
  /** Whether batch normalisation takes the moments of the whole mini-batch, and not of this part of it. */
  readonly syncBatchNorm: boolean;
}

export interface ForwardContext {
  /** Normalise with the batch and move the running statistics (true), or use them (false). */
  readonly training: boolean;
  /** Weight of the new batch in the running statistics; 0.1 unless given. A tensor may change each step. */
  readonly momentum?: number | tf.Scalar;
  /**
   * Random numbers of this mini-batch, for dropout and stochastic depth: each layer draws its own by its name, and the
   * generator does not move. Networks without such layers need none.
   */
  readonly rng?: Rng;
  /** The part of the run that is done, 0..1, for layers that change on the way; they are as at its end unless given. */
  readonly progress?: number;
  /** The ranks that share the mini-batch, where several do. */
  readonly ranks?: StepRanks;
}

export interface ForwardResult<O extends string = string> {
  /** The network's outputs by name, [B, ...]. One that needs an input which was not given is absent. */
  readonly outputs: Readonly<Record<O, tf.Tensor>>;
  /** The next running statistics; the ones passed in when not training. */
  readonly stats: Params;
}

/** `I` and `O` are the names of its inputs and outputs, where they are known. */
export interface Network<I extends string = string, O extends string = string> {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  /** What it computes: those of `values` that were chosen. */
  readonly outputs: readonly ValueInfo[];
  /** Everything its program returns; see `withOutputs`. */
  readonly values: readonly ValueInfo[];
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticSpec[];
  /** Every kernel that connects neurons, in forward order. A method selects which of them it modulates. */
  readonly kernels: readonly ModulatedKernel[];
  readonly groups: readonly CouplingGroup[];
  /** Multiply-accumulates per image between activations: attention scores and their use; else 0. */
  readonly activationMacs: number;
  /** What it is, for interpreters of one's own: those that write it down for another program. */
  program<V>(net: Net<V>, inputs: Readonly<Record<I, V>>): Readonly<Partial<Record<string, V>>>;
  /** Fresh weights and statistics, owned by the caller; each tensor depends on the seed and its name only. */
  init(rng: Rng): { readonly params: Params; readonly stats: Params };
  /**
   * Pure: borrows everything, owns its results. The shapes of `params` decide the widths, those of `inputs` the sizes.
   * Where not all inputs are given, what the network carries from one look to the next is among the outputs; any of
   * `values` that is given beside the inputs is not computed again. Throws `shape-mismatch` for inputs that the network
   * cannot take.
   */
  forward(
    params: Params,
    stats: Params,
    inputs: Readonly<Record<I, tf.Tensor>>,
    ctx: ForwardContext,
  ): ForwardResult<O>;
  /** The same network with the widths of other parameter shapes, as after compaction. */
  resized(shapes: Readonly<Record<string, readonly number[]>>): Network<I, O>;
  /**
   * The same program with other outputs. Only what they need is computed, declared, and kept by pruning. Throws
   * `unknown-name` for one that the program does not return.
   */
  withOutputs<P extends string>(names: readonly P[]): Network<I, P>;
}
