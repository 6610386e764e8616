import type * as tf from '@tensorflow/tfjs-core';

/** Tensors of a mini-batch by name, such as `images_BHWC`; static in shape, padded where there is less to hold. */
export type Batch = Readonly<Record<string, tf.Tensor>>;

/** One of `size` equal parts of a mini-batch. */
export interface Share {
  /** From 0 to size - 1. */
  readonly rank: number;
  readonly size: number;
}

/** An endless stream of mini-batches that can be saved and continued. */
export interface BatchSource<B extends Batch> {
  readonly batchesPerEpoch: number;
  /** Views of every sample in a mini-batch, one after the other; 1 unless given. */
  readonly views?: number;
  /**
   * The next mini-batch, of the part of the training set called `split`, or of all of it; the caller disposes
   * it. One call at a time: whether mini-batches are read ahead meanwhile is the source's own business.
   */
  next(split?: string): Promise<B>;
  /** Where it stands, as plain JSON: behind the mini-batch handed out last, whatever was read ahead. */
  state(): unknown;
  /** Continues, bit for bit, where `state` was taken. */
  restore(state: unknown): void;
  /**
   * From the next mini-batch on gives one part of each alone, for whoever shares them with others: rows as many as those of
   * every part, in the order of the parts, of every view the same ones. Absent where that saves nothing. Throws
   * `bad-argument` where a mini-batch has no equal parts.
   */
  share?(part: Share): void;
  /** Ends what it runs in the background. Whoever made the source closes it. */
  close(): Promise<void>;
}
