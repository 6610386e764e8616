import { cpu } from '@ma-net/backend-cpu';
import { Rng, startBackend } from '@ma-net/core';
import { beforeAll, expect, test } from 'vitest';
import { imageData } from './image-data.ts';
import { createImageSet, type ImageSet } from './image-set.ts';
import type { ImageBatch } from './tensors.ts';

beforeAll(() => startBackend(cpu));

/** Every pixel of image i is i. */
function numbered(count: number): Promise<ImageSet> {
  return createImageSet({
    name: 'numbered',
    images: Uint8Array.from({ length: count * 4 }, (_, i) => Math.floor(i / 4)),
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
    shape: [2, 2, 1],
    classNames: ['even', 'odd'],
    white: 1,
    normalisation: { mean: [0], std: [1] },
  });
}

async function numbersOf(batches: Iterable<ImageBatch> | AsyncIterable<ImageBatch>): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { images_BHWC } of batches) {
    const pixels = await images_BHWC.data();
    for (let i = 0; i < pixels.length; i += 4) numbers.push(pixels[i]!);
  }
  return numbers;
}

test('facts say what an exported network needs to know of its images', async () => {
  const {
    facts,
    train,
    test: held,
  } = await imageData({ train: await numbered(20), test: await numbered(6) });
  expect(facts).toEqual({
    classNames: ['even', 'odd'],
    shapes: { images: [2, 2, 1] },
    input: { mean: [0], std: [1], white: 1 },
  });
  expect([train.samples, held.samples]).toEqual([20, 6]);
  expect(train.fingerprint).not.toBe(held.fingerprint);
});

test('every test image comes once, in order, and the last batch is filled up', async () => {
  const data = await imageData({ train: await numbered(20), test: await numbered(6) });
  expect((await numbersOf(data.testBatches(4))).slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
  const labels: number[] = [];
  for await (const { labels_B } of data.testBatches(4)) labels.push(...(await labels_B.data()));
  expect(labels).toEqual([0, 1, 0, 1, 0, 1, -1, -1]);
});

test('what is held out is of every class, and never trained on', async () => {
  const data = await imageData(
    { train: await numbered(20), test: await numbered(6) },
    { validation: 0.2, validationSeed: 3 },
  );
  const held = (await numbersOf(data.validationBatches!(4))).slice(0, 4);
  expect(held.map((number) => number % 2).sort()).toEqual([0, 0, 1, 1]);

  const source = await data.open({ batchSize: 16, rng: Rng.fromSeed(0) });
  expect(source.batchesPerEpoch).toBe(1);
  const drawn = await numbersOf([await source.next()]);
  expect([...drawn, ...held].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test('equal generators give equal mini-batches', async () => {
  const data = await imageData({ train: await numbered(20), test: await numbered(6) });
  const first = async (seed: number): Promise<number[]> =>
    numbersOf([await (await data.open({ batchSize: 8, rng: Rng.fromSeed(seed) })).next()]);
  expect(await first(1)).toEqual(await first(1));
  expect(await first(1)).not.toEqual(await first(2));
});
