// What data are to a run: samples by index, and batches of a few static shapes that are made of them.

import type { HostTensor } from './params.ts';
import type { Rng } from './rng.ts';

/** Tensors of a mini-batch by name, such as `images_BHWC`, in JS memory. */
export type HostBatch = Readonly<Record<string, HostTensor>>;

/** Samples by index. Reading is pure: the same index gives the same sample, in any order and as often as asked. */
export interface Dataset<Sample> {
  readonly name: string;
  readonly size: number;
  /** Of names, order and contents as far as they are known without decoding; a resumed run must find the same. */
  readonly fingerprint: string;
  /** [height, width] without decoding; needed only where batches have several shapes. */
  sizeOf?(index: number): readonly [height: number, width: number];
  /** Class of a sample without decoding, where it has one: splits are stratified by it. */
  labelOf?(index: number): number;
  read(index: number): Promise<Sample>;
  close?(): Promise<void>;
}

/** One of the few shapes that batches have; each is one compiled graph. Sides are multiples of the largest stride. */
export interface Bucket {
  readonly height: number;
  readonly width: number;
  readonly batch: number;
  /** Room for so many objects an image, where there are objects. */
  readonly objects?: number;
}

/** A batch, and the samples whose place another one took because they could not be used. */
export interface Collated {
  readonly tensors: HostBatch;
  readonly skipped?: readonly string[];
}

/**
 * Makes one padded batch of samples; may run in a worker. Everything random about sample i comes from
 * `rng.split(places[i])`, so that it depends neither on who computes it nor on what was computed before.
 */
export interface Collate<Sample> {
  readonly buckets: readonly Bucket[];
  /** Views of every sample in a batch, one after the other; 1 unless given. */
  readonly views?: number;
  /** Whether a batch has to be made whole: its samples change one another. */
  readonly whole?: boolean;
  batch(samples: readonly Sample[], bucket: Bucket, rng: Rng, places: readonly number[]): Promise<Collated>;
  /** How a worker makes the same one. */
  readonly remote?: Remote;
}

/** A function `name` of a module that makes a `Collate` of `options`; all of it can be sent to a worker. */
export interface Remote {
  /** URL of a file. */
  readonly module: string;
  readonly name: string;
  readonly options: unknown;
}
