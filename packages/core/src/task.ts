import type * as tf from '@tensorflow/tfjs-core';
import type { Batch } from './batch-source.ts';
import type { HostBatch } from './dataset.ts';
import type { ForwardContext, Network } from './network.ts';

/** `loss` is what is minimised; everything beside it is for the log: its parts, cheap measures of the batch. */
export type Terms = Readonly<Record<'loss', tf.Scalar>> & Readonly<Record<string, tf.Scalar>>;

/**
 * A decision on the host between two halves of a step: Hungarian matching, sampled proposals. Where what is decided makes
 * inputs of the network that were not given yet, it goes on with them: it looks again.
 */
export interface Assignment<B extends Batch> {
  /** Names of the network's outputs that it reads. */
  readonly outputs: readonly string[];
  /** More of the batch, by names that the batch does not have yet, and static in shape. `ctx` is that of the forward pass. */
  decide(outputs: HostBatch, batch: B, ctx: ForwardContext): Promise<HostBatch>;
}

/** Accumulates predictions against targets. */
export interface Meter<Prediction> {
  /** `targets`: what the batch holds beside the network's inputs. */
  add(predictions: readonly Prediction[], targets: HostBatch): void;
  result(): Readonly<Record<string, number>>;
  /** The measures of every class that has some, by its label; absent where they are not of classes. */
  byClass?(): ReadonlyMap<number, Readonly<Record<string, number>>>;
}

/** An object in an image, for people to see. */
export interface ShownObject {
  readonly label: number;
  /** From 0 to 1. */
  readonly score: number;
  /** x0, y0, x1, y1 in pixels of the image itself. */
  readonly box: readonly [x0: number, y0: number, x1: number, y1: number];
  /** Run lengths of the image itself, [height, width]: down its columns, background first. */
  readonly mask?: { readonly size: readonly [height: number, width: number]; readonly counts: Uint32Array };
}

/** A prediction as people are told of it: of the whole image, or of objects in it. */
export interface Shown {
  /** The likeliest first. */
  readonly classes?: readonly { readonly label: number; readonly probability: number }[];
  /** Of a network with exits, the likeliest class at each, and how sure it is there; the first exit first. */
  readonly exits?: readonly { readonly label: number; readonly probability: number }[];
  /** The surest first. */
  readonly objects?: readonly ShownObject[];
}

/**
 * What the trainer optimises and reports. A loss is a function of the network's outputs, not of its weights, so that
 * it serves whoever made them.
 */
export interface Task<B extends Batch, Prediction = unknown> {
  readonly name: string;
  readonly network: Network;
  /** The measure that runs are compared by. */
  readonly headline: {
    readonly measure: string;
    readonly better: 'larger' | 'smaller';
    /** Whether it is the part of the samples that are right, each right or wrong: their number then says how sure it is. */
    readonly proportion?: true;
  };
  /** The network's inputs of a mini-batch, by name; borrowed from it. `batch` has what was decided, once it is. */
  inputs(batch: B): Readonly<Record<string, tf.Tensor>>;
  /** Where it is given, a step is two graphs, with this between them; otherwise it is one. */
  readonly assign?: Assignment<B>;
  /** What is decided between two looks of the network where nothing is trained; it looks once unless given. */
  readonly look?: Assignment<B>;
  /** L_TN of a mini-batch. Runs under a gradient tape. `batch` has what `assign` decided. */
  loss(outputs: Readonly<Record<string, tf.Tensor>>, batch: B, ctx: ForwardContext): Terms;
  /**
   * What the outputs say, one entry per sample, padding included; what `look` decided is among them. `targets` as a meter
   * gets them.
   */
  decode(outputs: HostBatch, targets: HostBatch): readonly Prediction[];
  meter(): Meter<Prediction>;
  /** What is printed and drawn of a prediction. */
  show?(prediction: Prediction): Shown;
}
