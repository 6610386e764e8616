import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import type { CocoCollateOptions } from './collate.ts';
import { cocoMakers, cocoPhotoCollate } from './photo-collate.ts';

/** 5 rows of 6 red pixels. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAYAAAAFCAIAAADpOgqxAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEklEQVQImWP4z8CAhtD5lAgBAKn7HeOOwj/YAAAAAElFTkSuQmCC',
  'base64',
);

const options: CocoCollateOptions = {
  buckets: [{ height: 10, width: 12, batch: 1, objects: 1 }],
  shorter: [10],
  longest: 12,
  rounding: 'detectron2',
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  white: 255,
  channels: 'RGB',
  augment: false,
};
const sample = {
  image: new Uint8Array(png),
  index: 0,
  objects: [{ id: 1, label: 2, box: [1, 1, 3, 4] as const, crowd: false, area: 6 }],
  where: 'red.png',
};

test('files are decoded, here and in threads, to the same numbers', async () => {
  const collate = cocoPhotoCollate(options);
  const rng = Rng.fromSeed(0);
  const { tensors } = await collate.batch([sample], collate.buckets[0]!, rng, [0]);
  expect([...tensors['images_BHWC']!.data.slice(0, 3)]).toEqual([1, 0, 0]);
  expect([...tensors['boxes_BN4']!.data]).toEqual([2, 2, 6, 8]);

  const makers = cocoMakers(1);
  const crew = makers.crew!(makers.collate!(options))!;
  const made = await crew.run({
    samples: [sample],
    bucket: collate.buckets[0]!,
    rng: rng.state(),
    places: [0],
  });
  expect(made.tensors).toEqual(tensors);
  await crew.close();
  expect(cocoMakers(0).crew!(collate)).toBeUndefined();
});
