// The endless stream of training mini-batches (section 9 of docs/algorithm.md). Where it stands is three
// things: epoch, position, and the key it started from; all randomness is split from that key by epoch and
// position, so it never depends on what was drawn before.

import { excerpt, MaNetError, Rng, type RngState } from '@ma-net/core';
import { type Augmentation, checkAugmentation, imageWriter, place } from './augment.ts';
import type { ImageSet } from './image-set.ts';

/** A mini-batch in JS memory, made for one use: whoever takes it owns its arrays. */
export interface HostBatch {
  /** [B, H, W, C], normalised. */
  readonly images: Float32Array<ArrayBuffer>;
  /** [B]; -1 marks the padding that fills the last batch of an evaluation. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** [B, H, W, C]. */
  readonly shape: readonly [number, number, number, number];
  /** How many of the images are real; they come first. */
  readonly count: number;
}

/** Where a stream stands, as plain JSON. */
export interface StreamState {
  readonly epoch: number;
  /** Mini-batches of this epoch already given out. */
  readonly position: number;
  readonly rng: RngState;
  /** Of the images it runs over. */
  readonly fingerprint: string;
}

export interface StreamOptions {
  readonly batchSize: number;
  readonly augment?: Augmentation;
  /** Decides order and augmentation; not moved. Streams of equal generators are equal. */
  readonly rng: Rng;
}

export interface BatchStream {
  readonly batchSize: number;
  /** Whole mini-batches in an epoch; the images left over are dropped, other ones each epoch. */
  readonly batchesPerEpoch: number;
  next(): HostBatch;
  state(): StreamState;
  /** Continues, bit for bit, where `state` was taken. `bad-data` if it belongs to other images. */
  restore(state: StreamState): void;
}

/** An endless, seeded stream of mini-batches of `set`; the order is drawn anew each epoch. */
export function createStream(set: ImageSet, options: StreamOptions): BatchStream {
  const { batchSize, augment = {} } = options;
  const size = set.labels.length;
  checkBatchSize(batchSize, set);
  checkAugmentation(augment);
  const batchesPerEpoch = Math.floor(size / batchSize);
  const [height, width, channels] = set.shape;
  const writer = imageWriter(set, augment.padValue);

  let root = Rng.fromState(options.rng.state());
  let epoch = 0;
  let position = 0;
  // Drawn when an epoch's first batch is asked for.
  let drawn: { readonly rng: Rng; readonly order: Uint32Array } | undefined;

  const next = (): HostBatch => {
    if (drawn === undefined) {
      const rng = root.split('epoch').split(epoch);
      drawn = { rng, order: rng.split('order').permutation(size) };
    }
    const { rng, order } = drawn;
    const images = new Float32Array(batchSize * height * width * channels);
    const labels = new Int32Array(batchSize);
    for (let b = 0; b < batchSize; b++) {
      const at = position * batchSize + b;
      const index = order[at]!;
      writer.write(index, place(augment, set.shape, rng.split(at)), images, b);
      labels[b] = set.labels[index]!;
    }
    position++;
    if (position === batchesPerEpoch) {
      epoch++;
      position = 0;
      drawn = undefined;
    }
    return { images, labels, shape: [batchSize, height, width, channels], count: batchSize };
  };

  return {
    batchSize,
    batchesPerEpoch,
    next,
    state: () => ({ epoch, position, rng: root.state(), fingerprint: set.fingerprint }),
    restore(state) {
      checkState(state, set, batchesPerEpoch);
      root = Rng.fromState(state.rng);
      epoch = state.epoch;
      position = state.position;
      drawn = undefined;
    },
  };
}

function checkBatchSize(batchSize: number, set: ImageSet): void {
  const size = set.labels.length;
  if (Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= size) return;
  throw new MaNetError('bad-argument', `A mini-batch of ${batchSize} cannot be drawn from ${size} images.`, {
    where: `"${set.name}"`,
    hint: `give a whole batch size from 1 to ${size}.`,
  });
}

/** The state may come from a file, and be anything. */
function checkState(state: StreamState, set: ImageSet, batchesPerEpoch: number): void {
  const { epoch, position, fingerprint } = (state ?? {}) as Partial<StreamState>;
  if (fingerprint !== set.fingerprint) {
    throw new MaNetError(
      'bad-data',
      `The stream was saved over other images: fingerprint ${excerpt(String(fingerprint).slice(0, 12))}, found ${set.fingerprint.slice(0, 12)}.`,
      { where: `"${set.name}"`, hint: 'resume with the data (and limits) that the run was started with.' },
    );
  }
  const valid = isCount(epoch) && isCount(position) && position < batchesPerEpoch;
  if (!valid) {
    throw new MaNetError(
      'bad-argument',
      `The stream has no epoch ${excerpt(epoch)}, position ${excerpt(position)}: an epoch has ${batchesPerEpoch} mini-batches.`,
      { where: `"${set.name}"`, hint: 'resume with the batch size that the run was started with.' },
    );
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}
