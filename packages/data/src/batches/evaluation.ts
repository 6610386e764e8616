import { type Bucket, type Collate, type Dataset, type HostBatch, type HostTensor, Rng } from '@ma-net/core';
import type { ImageSample } from '../sample.ts';
import { createSource } from './source.ts';

/** Batches that can be walked through again and again, made as they are asked for. */
export interface BatchesInOrder extends AsyncIterable<HostBatch> {
  /** Images, those that could not be decoded included. */
  readonly size: number;
}

/**
 * Every sample once, in order, as `collate` makes it (without augmentation, to be comparable). All batches have the
 * shape of the first bucket: the last one is filled with zero images of label -1.
 */
export function batchesInOrder(dataset: Dataset<ImageSample>, collate: Collate<ImageSample>): BatchesInOrder {
  const bucket = collate.buckets[0]!;
  return {
    size: dataset.size,
    async *[Symbol.asyncIterator]() {
      for (let start = 0; start < dataset.size; start += bucket.batch) {
        const count = Math.min(bucket.batch, dataset.size - start);
        const places = Array.from({ length: count }, (_, i) => start + i);
        const samples = await Promise.all(places.map((index) => dataset.read(index)));
        const { tensors, skipped = [] } = await collate.batch(samples, bucket, Rng.fromSeed(0), places);
        const labels = tensors['labels_B']!.data;
        // What another image stands in for is not measured.
        for (const [i, { where }] of samples.entries()) if (skipped.includes(where)) labels[i] = -1;
        yield filled(tensors, bucket);
      }
    },
  };
}

function filled(tensors: HostBatch, { batch }: Bucket): HostBatch {
  const fill = (name: string, { shape, dtype, data }: HostTensor): HostTensor => {
    const [count, ...rest] = shape;
    if (count === batch) return { shape, dtype, data };
    const length = (data.length / count!) * batch;
    const out = dtype === 'float32' ? new Float32Array(length) : new Int32Array(length);
    out.set(data);
    if (name === 'labels_B') out.fill(-1, data.length);
    return { shape: [batch, ...rest], dtype, data: out };
  };
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, fill(name, tensor)]));
}

/**
 * Unaugmented training batches for re-estimating running statistics (section 11 of docs/algorithm.md): full
 * mini-batches in an order that is random but always the same.
 */
export async function* recalibrationOf<Sample>(
  dataset: Dataset<Sample>,
  collate: Collate<Sample>,
  batches = 20,
): AsyncGenerator<HostBatch, void> {
  const source = createSource(dataset, collate, { rng: Rng.fromSeed(0).split('recalibration') });
  for (let i = 0; i < batches; i++) yield await source.next();
}
