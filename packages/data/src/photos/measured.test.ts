import type { Dataset } from '@ma-net/core';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { ImageSample } from '../sample.ts';
import { measured } from './measured.ts';

const files = await Promise.all(
  Array.from({ length: 20 }, (_, i) =>
    sharp({ create: { width: 5 + i, height: 40 - i, channels: 3, background: 'blue' } })
      .withMetadata({ orientation: i % 2 === 0 ? 1 : 6 })
      .jpeg()
      .toBuffer(),
  ),
);

test('every image has the size that it is decoded to, turned upright', async () => {
  const dataset: Dataset<ImageSample> = {
    name: 'photos',
    size: 21,
    fingerprint: 'photos',
    read: async (i) =>
      i < 20
        ? { image: files[i]!, label: 0, where: `${i}.jpg` }
        : { image: { height: 3, width: 4, channels: 1, data: new Uint8Array(12) }, label: 0, where: 'here' },
  };
  const { sizeOf } = await measured(dataset);
  for (let i = 0; i < 20; i++) expect(sizeOf(i)).toEqual(i % 2 === 0 ? [40 - i, 5 + i] : [5 + i, 40 - i]);
  expect(sizeOf(20)).toEqual([3, 4]);
});

test('a broken header is refused by name', async () => {
  const broken: Dataset<ImageSample> = {
    name: 'photos',
    size: 1,
    fingerprint: 'photos',
    read: async () => ({ image: Uint8Array.of(1, 2, 3), label: 0, where: 'broken.jpg' }),
  };
  await expect(measured(broken)).rejects.toThrow(/broken\.jpg/);
});
