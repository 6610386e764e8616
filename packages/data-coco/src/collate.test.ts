import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import type { CocoAnnotation } from './objects.ts';
import { cocoCollate, type CocoCollateOptions, type CocoSample } from './collate.ts';

const options: CocoCollateOptions = {
  buckets: [{ height: 8, width: 16, batch: 2, objects: 2 }],
  shorter: [8],
  longest: 100,
  rounding: 'mmdetection',
  normalisation: { mean: [1, 2, 3], std: [1, 1, 2] },
  white: 1,
  channels: 'RGB',
  augment: false,
};

function object(box: CocoAnnotation['box'], more: Partial<CocoAnnotation> = {}): CocoAnnotation {
  return { id: 1, label: 4, box, crowd: false, area: 1, ...more };
}

/** 4 x 4 pixels of one colour. */
function sample(objects: readonly CocoAnnotation[], index = 0): CocoSample {
  const data = Uint8Array.from({ length: 48 }, (_, i) => [10, 20, 30][i % 3]!);
  return { image: { height: 4, width: 4, channels: 3, data }, index, objects, where: `image ${index}` };
}

async function made(samples: readonly CocoSample[], changes: Partial<CocoCollateOptions> = {}) {
  const collate = cocoCollate({ ...options, ...changes });
  const { tensors } = await collate.batch(samples, collate.buckets[0]!, Rng.fromSeed(0), [0, 1]);
  return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, [...data]]));
}

test('images are brought to size and padded, objects go with them', async () => {
  const { images_BHWC, boxes_BN4, labels_BN, sizes_B2, originals_B2, indices_B } = await made([
    sample([object([1, 0, 3, 2])], 5),
    sample([], 7),
  ]);
  expect(images_BHWC!.slice(0, 3)).toEqual([9, 18, 13.5]);
  expect(images_BHWC!.slice(3 * 8, 3 * 9)).toEqual([0, 0, 0]);
  expect(boxes_BN4!.slice(0, 8)).toEqual([2, 0, 6, 4, 0, 0, 0, 0]);
  expect(labels_BN).toEqual([4, -1, -1, -1]);
  expect(sizes_B2).toEqual([8, 8, 8, 8]);
  expect(originals_B2).toEqual([4, 4, 4, 4]);
  expect(indices_B).toEqual([5, 7]);
});

test('channels come in the order that the network sees', async () => {
  const { images_BHWC } = await made([sample([])], { channels: 'BGR' });
  expect(images_BHWC!.slice(0, 3)).toEqual([29, 18, 3.5]);
});

test('crowds and what has no area are not asked for', async () => {
  const { labels_BN } = await made([
    sample([object([0, 0, 4, 4], { crowd: true }), object([1, 1, 1, 3]), object([0, 0, 1, 1], { label: 2 })]),
  ]);
  expect(labels_BN!.slice(0, 2)).toEqual([2, -1]);
});

test('masks are given at a stride, from its middle', async () => {
  const square = object([0, 0, 2, 4], { segmentation: { polygons: [[0, 0, 2, 0, 2, 4, 0, 4]] } });
  const { masks_BNhw, centres_BN2 } = await made([sample([square])], { maskStride: 4 });
  // [1, 2, 2, 4]: the left half of the image, of which the grid sees columns 2 and 6.
  expect(masks_BNhw!.slice(0, 16)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  // Columns 0 to 3 of rows 0 to 7.
  expect(centres_BN2!.slice(0, 4)).toEqual([1.5, 3.5, 0, 0]);
});

test('masks without a pixel have the middle of their box', async () => {
  const thin = object([0, 0, 2, 4], { segmentation: { polygons: [[3, 1, 3, 1, 3, 1]] } });
  const { centres_BN2 } = await made([sample([thin])], { maskStride: 4 });
  expect(centres_BN2!.slice(0, 2)).toEqual([2, 4]);
});

test('an object without a mask is refused where masks are asked for', async () => {
  const boxed = [sample([object([0, 0, 2, 4], { id: 12 })], 3)];
  await expect(made(boxed)).resolves.not.toHaveProperty('masks_BNhw');
  await expect(made(boxed, { maskStride: 4 })).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(/object 12.*image 3/s) as string,
  });
});

test('more objects than there is room for are refused by name', async () => {
  const many = sample([object([0, 0, 1, 1]), object([0, 0, 2, 2]), object([0, 0, 3, 3])], 9);
  await expect(made([many])).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(/3 objects.*room for 2.*image 9/s) as string,
  });
});

test('a view depends on the place of an image, not on its neighbours', async () => {
  const drawn = { augment: true, flip: 0.5, shorter: [4, 6, 8] };
  const objects = [object([0, 0, 1, 4])];
  const both = await made([sample(objects), sample(objects, 1)], drawn);
  const alone = await made([sample(objects)], drawn);
  expect(both['boxes_BN4']!.slice(0, 8)).toEqual(alone['boxes_BN4']!.slice(0, 8));
});

test('fewer images than a batch holds are followed by none', async () => {
  const { images_BHWC, labels_BN, indices_B, sizes_B2 } = await made([sample([object([0, 0, 4, 4])], 3)]);
  expect(images_BHWC).toHaveLength(2 * 8 * 16 * 3);
  expect(new Set(images_BHWC!.slice(8 * 16 * 3))).toEqual(new Set([0]));
  expect(labels_BN).toEqual([4, -1, -1, -1]);
  expect(indices_B).toEqual([3, -1]);
  expect(sizes_B2).toEqual([8, 8, 8, 16]);
});

test('what a meter compares with is carried beside, at the size of the image, crowds included', async () => {
  const objects = [
    object([0, 0, 2, 4], { segmentation: { polygons: [[0, 0, 2, 0, 2, 4, 0, 4]] }, area: 8 }),
    object([1, 1, 3, 2], { crowd: true, label: 7, area: 2 }),
  ];
  const found = await made([sample(objects, 6)], { truths: true });
  expect(found['truthImages_T']).toEqual([6, 6]);
  expect(found['truthLabels_T']).toEqual([4, 7]);
  expect(found['truthBoxes_T4']).toEqual([0, 0, 2, 4, 1, 1, 2, 1]);
  expect(found['truthAreas_T']).toEqual([8, 2]);
  expect(found['truthCrowds_T']).toEqual([0, 1]);
  // The left half of 4 x 4 pixels, column by column.
  expect(found['truthRuns_T']).toEqual([3, 0]);
  expect(found['truthCounts_R']).toEqual([0, 8, 8]);
  expect(Object.keys(await made([sample(objects)])).some((name) => name.startsWith('truth'))).toBe(false);
});

test('views of an image come one after the other, the first as it is alone', async () => {
  const drawn = { augment: true, flip: 0.5, shorter: [4, 6, 8] };
  const samples = [sample([object([0, 0, 1, 4])]), sample([object([0, 0, 1, 4])], 1)];
  const one = await made(samples, drawn);
  const three = await made(samples, { ...drawn, views: 3 });
  expect(three['indices_B']).toEqual([0, 1, 0, 1, 0, 1]);
  expect(three['images_BHWC']!.slice(0, one['images_BHWC']!.length)).toEqual(one['images_BHWC']);
  expect(three['boxes_BN4']!.slice(16, 32)).not.toEqual(three['boxes_BN4']!.slice(32));
});

test('an image of another size than its annotations are of is refused', async () => {
  await expect(made([{ ...sample([]), size: [4, 5] }])).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(/4 x 4 pixels.*4 x 5.*image 0/s) as string,
  });
});
