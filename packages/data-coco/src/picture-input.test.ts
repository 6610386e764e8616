// One photograph, as a network sees it alone, against what a test batch shows it.

import { Rng } from '@ma-net/core';
import { type EncodedPicture, pictureInput } from '@ma-net/data';
import { expect, test } from 'vitest';
import { cocoData } from './coco-data.ts';
import { cocoCollate } from './collate.ts';

/** A photograph of random pixels. */
function photo(height: number, width: number) {
  const data = Uint8Array.from(Rng.fromSeed(height).uniforms(height * width * 3, 0, 256));
  return { height, width, channels: 3, data };
}

const options = {
  buckets: [
    { height: 32, width: 48 },
    { height: 48, width: 32 },
  ],
  objects: 1,
  shorter: [24, 30],
  longest: 46,
  rounding: 'detectron2',
  normalisation: { mean: [100, 110, 120], std: [1, 2, 3] },
  white: 1,
  channels: 'BGR',
} as const;

test.each([
  [40, 60, 0],
  [60, 41, 1],
  [20, 90, 0],
])('a photograph of %i x %i is seen as a test batch shows it', async (height, width, bucket) => {
  const picture = photo(height, width);
  const sample = { image: picture, index: 0, objects: [], where: 'photo' };
  const collate = cocoCollate({
    ...options,
    buckets: options.buckets.map((shape) => ({ ...shape, batch: 1, objects: 1 })),
    augment: false,
  });
  const { tensors } = await collate.batch([sample], collate.buckets[bucket]!, Rng.fromSeed(0), [0]);
  const dataset = { name: 'one', size: 1, fingerprint: '', sizeOf: () => [height, width] as const };
  const set = { ...dataset, read: async () => sample };
  const { facts } = await cocoData({ classNames: ['thing'], train: set, test: set }, options);
  const encoded: EncodedPicture = { height, width, read: async () => picture };
  const seen = await pictureInput(encoded, facts, { anyShape: true });
  expect(seen.data).toEqual(tensors['images_BHWC']!.data);
  expect([1, ...seen.shape]).toEqual(tensors['images_BHWC']!.shape);
  expect([seen.picture.height, seen.picture.width]).toEqual([...tensors['sizes_B2']!.data]);
  expect(seen.original).toEqual([height, width]);

  // Whoever normalises by itself, and turns the channels round, gets to the same numbers, padding included.
  const pixels = await pictureInput(encoded, facts, { anyShape: true, pixels: true });
  const { mean, std } = options.normalisation;
  seen.data.forEach((value, i) => {
    const pixel = pixels.data[i - (i % 3) + 2 - (i % 3)]!;
    expect((pixel - mean[i % 3]!) / std[i % 3]!).toBeCloseTo(value, 4);
  });
  // A graph takes one shape.
  expect((await pictureInput(encoded, facts)).shape).toEqual([32, 48, 3]);
});
