// Which samples make which batch of an epoch: a pure function of a generator and an epoch's number.

import { type Bucket, type Dataset, MaNetError, type Rng } from '@ma-net/core';

/** A batch before it is read: samples, their places in the epoch's order, and the shape they get. */
export interface PlannedBatch {
  readonly bucket: number;
  readonly indices: readonly number[];
  readonly places: readonly number[];
}

/** Samples of a split by the bucket they belong to. */
export interface Sorted {
  readonly size: number;
  /** Whole batches of an epoch; what is left over is dropped, other samples each epoch. */
  readonly batches: number;
  /** Of each sample of the split. */
  readonly bucketOf: Uint8Array;
  readonly indices: Uint32Array | undefined;
}

/** Assigns the samples `indices` (all unless given) to buckets, each to that of the nearest proportions. */
export function sortBySize<Sample>(
  dataset: Dataset<Sample>,
  buckets: readonly Bucket[],
  indices?: Uint32Array,
): Sorted {
  checkBuckets(dataset, buckets);
  const size = indices?.length ?? dataset.size;
  const bucketOf = new Uint8Array(size);
  const counts = buckets.map(() => 0);
  for (let i = 0; i < size; i++) {
    bucketOf[i] = buckets.length === 1 ? 0 : nearestBucket(buckets, dataset.sizeOf!(indices?.[i] ?? i));
    counts[bucketOf[i]!]!++;
  }
  const batches = buckets.reduce((sum, { batch }, k) => sum + Math.floor(counts[k]! / batch), 0);
  if (batches === 0) {
    const largest = Math.max(...buckets.map(({ batch }) => batch));
    throw new MaNetError('bad-argument', `A mini-batch of ${largest} cannot be drawn from ${size} images.`, {
      where: `"${dataset.name}"`,
      hint: `give a whole batch size from 1 to ${Math.max(1, Math.max(...counts))}.`,
    });
  }
  return { size, batches, bucketOf, indices };
}

/** The bucket of an image: closest in log(height / width), then in area: what is then cut or padded is least. */
export function nearestBucket(
  buckets: readonly Bucket[],
  [height, width]: readonly [number, number],
): number {
  const cost = (b: Bucket): number =>
    Math.abs(Math.log((height * b.width) / (width * b.height))) +
    1e-3 * Math.abs(Math.log((height * width) / (b.height * b.width)));
  let best = 0;
  for (let k = 1; k < buckets.length; k++) if (cost(buckets[k]!) < cost(buckets[best]!)) best = k;
  return best;
}

/** The batches of an epoch in the order they are handed out, for the generator of that epoch. */
export function planEpoch(
  { size, bucketOf, indices }: Sorted,
  buckets: readonly Bucket[],
  rng: Rng,
): PlannedBatch[] {
  const order = rng.split('order').permutation(size);
  const filling = buckets.map((): { indices: number[]; places: number[] } => ({ indices: [], places: [] }));
  const planned: PlannedBatch[] = [];
  for (let place = 0; place < size; place++) {
    const i = order[place]!;
    const bucket = bucketOf[i]!;
    const batch = filling[bucket]!;
    batch.indices.push(indices?.[i] ?? i);
    batch.places.push(place);
    if (batch.indices.length < buckets[bucket]!.batch) continue;
    planned.push({ bucket, ...batch });
    filling[bucket] = { indices: [], places: [] };
  }
  return planned;
}

function checkBuckets<Sample>(dataset: Dataset<Sample>, buckets: readonly Bucket[]): void {
  const whole = (n: number): boolean => Number.isInteger(n) && n >= 1;
  const wrong = buckets.find(({ height, width, batch }) => ![height, width, batch].every(whole));
  if (buckets.length === 0 || buckets.length > 255 || wrong !== undefined) {
    throw new MaNetError(
      'bad-argument',
      wrong === undefined
        ? `Found ${buckets.length} shapes of batches; expected 1 to 255.`
        : `Batches of ${wrong.batch} images of ${wrong.height} x ${wrong.width} cannot be made.`,
      { where: 'buckets', hint: 'give whole numbers of at least 1 for height, width and batch.' },
    );
  }
  if (buckets.length > 1 && dataset.sizeOf === undefined) {
    throw new MaNetError(
      'bad-argument',
      'The sizes of the images are not known, but batches of several shapes are asked for.',
      {
        where: `"${dataset.name}"`,
        hint: 'pass the data set through measured() first, or use one shape.',
      },
    );
  }
}
