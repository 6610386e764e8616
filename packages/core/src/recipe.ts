// What a recipe chooses, and what the chosen parts are to a run. Each is a function of plain facts, so that a run
// directory or an exported file is enough to make them again.

import type { Batch, BatchSource } from './batch-source.ts';
import type { Network } from './network.ts';
import type { Use } from './part.ts';
import type { Rng } from './rng.ts';
import type { Task } from './task.ts';

/**
 * How the pixels of an image become an input: (pixel / white - mean) / std, channel by channel. An image of another size
 * is resized, and its middle is cut out.
 */
export interface InputFacts {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The pixel value that counts as 1: 255 for photographs. */
  readonly white: number;
  /** What is cut from the middle, of the shorter side; 0.875 unless given. */
  readonly crop?: number;
  /** Of the resizing; bilinear unless given. */
  readonly interpolation?: 'bilinear' | 'bicubic';
  /** Nothing is cut: an image is seen whole, as data of objects show it. */
  readonly whole?: WholeImage;
}

/** How an image is seen whole: resized, and padded at the right and at the bottom with what becomes 0. */
export interface WholeImage {
  /** Length of the shorter side, unless the longer one becomes longer than `longest`; and whose rule rounds. */
  readonly shorter: number;
  readonly longest: number;
  readonly rounding: 'detectron2' | 'mmdetection' | 'detr';
  /** Shapes that a batch may have; an image goes where it fits best. */
  readonly buckets: readonly { readonly height: number; readonly width: number }[];
  /** The order of channels that the network sees. */
  readonly channels: 'RGB' | 'BGR';
}

/** What a run and an exported network keep of the data, as plain JSON. */
export interface DataFacts {
  readonly classNames: readonly string[];
  /** The number of each class in results for others to read, where the data give one. */
  readonly classIds?: readonly number[];
  /** All axes of an input but the batch, by name: `images` are [height, width, channels]. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly input: InputFacts;
}

/** Part of a data set: enough to know it again. */
export interface SplitFacts {
  readonly name: string;
  readonly samples: number;
  readonly fingerprint: string;
}

/** A data set as a run draws from it. */
export interface Data<B extends Batch> {
  readonly facts: DataFacts;
  readonly train: SplitFacts;
  readonly test: SplitFacts;
  /** A part of the training images that is held out, to choose by; absent where none is. */
  readonly validation?: SplitFacts;
  /** Mini-batches to train on. `rng` decides order and augmentation, and is not moved. */
  open(options: {
    readonly batchSize: number;
    readonly rng: Rng;
    readonly views?: number;
  }): Promise<BatchSource<B>>;
  /** Every test sample once, in order; the last batch is filled up as its task expects it. The caller disposes them. */
  testBatches(batchSize: number): Iterable<B> | AsyncIterable<B>;
  /** Every sample that is held out once, as `testBatches`; absent where none is. */
  validationBatches?(batchSize: number): Iterable<B> | AsyncIterable<B>;
  /** Training samples as they are, to estimate running statistics from; always the same ones. */
  recalibrationBatches(batchSize: number): Iterable<B> | AsyncIterable<B>;
}

/**
 * Builds a network for what the data hold. `fresh`: it will be trained from its beginning, so weights to start from are
 * needed; otherwise they come from a checkpoint or a file, and nothing is read. `tell` is told what a person should know of
 * what was read, in lines.
 */
export type Architecture = (
  facts: DataFacts,
  how: { readonly fresh: boolean; readonly tell?: (words: string) => void },
) => Promise<Network>;

/** A task on a network, for what the data hold. */
export type TaskOn<B extends Batch> = (network: Network, facts: DataFacts) => Task<B>;

/** What the recipes of one kind of data agree in: `B` ties data to task, so that others do not compile. */
export interface Choices<B extends Batch> {
  readonly network: Use<Architecture>;
  readonly data: Use<Data<B>>;
  readonly task: Use<TaskOn<B>>;
}
