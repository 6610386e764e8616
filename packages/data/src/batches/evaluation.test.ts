import '@tensorflow/tfjs-backend-cpu';
import { type Dataset, MaNetError, Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { evaluationBatches, recalibrationBatches } from '../batches.ts';
import { digits } from '../digits-asset.ts';
import { datasetOf } from '../image-set.ts';
import type { ImageSample } from '../sample.ts';
import { tensorSource, uploadBatch, uploadBatches } from '../tensors.ts';
import { batchesInOrder, recalibrationOf } from './evaluation.ts';
import { imageCollate } from './image-collate.ts';
import { createSource } from './source.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

const { train, test: held } = await digits({ trainLimit: 50, testLimit: 23 });
const collate = (batch: number) =>
  imageCollate({
    buckets: [{ height: 8, width: 8, batch }],
    channels: 1,
    white: held.white,
    normalisation: held.normalisation,
    classes: 10,
  });

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test.each([1, 7, 23, 30])(
  'every image once, in order, as evaluationBatches gives it; %i in a batch',
  async (size) => {
    const expected = [...evaluationBatches(held, size)];
    const found = await collected(batchesInOrder(datasetOf(held), collate(size)));
    expect(found.length).toBe(expected.length);
    for (const [i, { images_BHWC, labels_B }] of found.entries()) {
      expect(images_BHWC!.shape).toEqual([size, 8, 8, 1]);
      expect(images_BHWC!.data).toEqual(expected[i]!.images);
      expect(labels_B!.data).toEqual(expected[i]!.labels);
    }
  },
);

test('what cannot be decoded is not measured', async () => {
  const plain = datasetOf(held);
  const holed: Dataset<ImageSample> = {
    ...plain,
    read: async (i) => (i === 3 ? { image: new Uint8Array(4), label: 2, where: 'hole' } : plain.read(i)),
  };
  const options = {
    buckets: [{ height: 8, width: 8, batch: 5 }],
    channels: 1,
    white: held.white,
    normalisation: held.normalisation,
    classes: 10,
    corrupt: 'skip',
  } as const;
  const skipping = imageCollate(options, {
    decode: async (_, where) => {
      throw new MaNetError('bad-data', 'It is broken.', { where });
    },
  });
  const [first] = await collected(batchesInOrder(holed, skipping));
  const expected = [...held.labels.subarray(0, 5)];
  expected[3] = -1;
  expect([...first!['labels_B']!.data]).toEqual(expected);
});

test('batches for running statistics are those of recalibrationBatches', async () => {
  const expected = [...recalibrationBatches(train, 8, 3)];
  const found = await collected(recalibrationOf(datasetOf(train), collate(8), 3));
  expect(found.map(({ images_BHWC }) => images_BHWC!.data)).toEqual(expected.map(({ images }) => images));
});

test('batches are uploaded by name, and belong to whoever asked', async () => {
  const open = () => createSource(datasetOf(train), collate(8), { rng: Rng.fromSeed(1) });
  const host = open();
  const source = tensorSource(open());
  const before = tf.memory().numTensors;
  const expected = await host.next();
  for (const batch of [await source.next(), uploadBatch(expected)]) {
    expect(Object.keys(batch)).toEqual(['images_BHWC', 'labels_B']);
    expect(await batch.images_BHWC.data()).toEqual(expected['images_BHWC']!.data);
    expect(batch.labels_B.dtype).toBe('int32');
    tf.dispose(batch);
  }
  expect(source.batchesPerEpoch).toBe(host.batchesPerEpoch);
  expect(source.state()).toEqual(host.state());
  for await (const batch of uploadBatches(batchesInOrder(datasetOf(held), collate(12)))) {
    expect(batch.images_BHWC.shape).toEqual([12, 8, 8, 1]);
    tf.dispose(batch);
  }
  expect(tf.memory().numTensors).toBe(before);
  await source.close();
});
