import { expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary.ts';
import { readAnnotations } from './annotations.ts';
import { cocoDataset } from './dataset.ts';

const { folder, write } = temporaryFolder();

const images = [
  { id: 7, file_name: 'b.jpg', height: 4, width: 6 },
  { id: 3, file_name: 'a.jpg', height: 10, width: 8 },
  { id: 5, file_name: 'empty.jpg', height: 2, width: 2 },
];
/** Ids with gaps, and not in order. */
const categories = [
  { id: 90, name: 'kite' },
  { id: 2, name: 'dog' },
];
const annotations = [
  {
    id: 1,
    image_id: 3,
    category_id: 90,
    bbox: [1, 2, 3, 4],
    area: 11.5,
    iscrowd: 0,
    segmentation: [[1, 2, 4, 2, 4, 6]],
  },
  {
    id: 2,
    image_id: 7,
    category_id: 2,
    bbox: [0, 0, 6, 4],
    iscrowd: 1,
    segmentation: { size: [4, 6], counts: [4, 20] },
  },
  { id: 3, image_id: 3, category_id: 2, bbox: [1, 1, 0, 4], segmentation: [] },
  { id: 4, image_id: 3, category_id: 2, bbox: [5, 5, 2, 2] },
];
const file = (changes: object, name = 'changed.json'): string =>
  write(name, JSON.stringify({ info: {}, images, annotations, categories, ...changes }));

test('objects are found by image, with labels in the order of the ids', async () => {
  const read = await readAnnotations(file({}, 'whole.json'));
  expect(read.classNames).toEqual(['dog', 'kite']);
  expect(read.categoryIds).toEqual([2, 90]);
  expect(read.images.map(({ id }) => id)).toEqual([7, 3, 5]);
  expect([0, 1, 2].map((i) => read.countOf(i))).toEqual([0, 2, 0]);
  expect(await read.objectsOf(1)).toEqual([
    {
      id: 1,
      label: 1,
      box: [1, 2, 4, 6],
      crowd: false,
      area: 11.5,
      segmentation: { polygons: [[1, 2, 4, 2, 4, 6]] },
    },
    { id: 3, label: 0, box: [1, 1, 1, 5], crowd: false, area: 0 },
    { id: 4, label: 0, box: [5, 5, 7, 7], crowd: false, area: 4 },
  ]);
  const [crowd] = await read.objectsOf(0);
  expect(crowd).toMatchObject({ crowd: true, segmentation: { rle: { counts: Uint32Array.of(4, 20) } } });
  expect(await read.objectsOf(2)).toEqual([]);
  await read.close();
});

test('a data set leaves out what has nothing to find, where asked', async () => {
  const path = file({}, 'set.json');
  const read = await readAnnotations(path);
  const options = { name: 'set', folder };
  const all = cocoDataset(read, { ...options, onlyWithObjects: false });
  const some = cocoDataset(read, { ...options, onlyWithObjects: true });
  expect([all.size, some.size]).toEqual([3, 1]);
  expect(some.sizeOf!(0)).toEqual([10, 8]);
  expect(some.fingerprint).not.toBe(all.fingerprint);
  write('a.jpg', 'pixels');
  expect(await some.read(0)).toMatchObject({ index: 1, objects: [{ id: 1 }, { id: 3 }, { id: 4 }] });
  await expect(all.read(0)).rejects.toMatchObject({ code: 'not-found' });
  await all.close?.();
});

const first = annotations[0]!;
test.each([
  ['an unknown image', { annotations: [{ ...first, image_id: 8 }] }, /Annotation 0 is of image 8/],
  [
    'an unknown category',
    { annotations: [first, { ...first, category_id: 1 }] },
    /Annotation 1 is of category 1/,
  ],
  ['an image twice', { images: [...images, images[0]] }, /Two entries have the image id 7/],
  ['a category twice', { categories: [...categories, categories[0]] }, /Two entries have the category id 90/],
  [
    'a box of three numbers',
    { annotations: [{ ...first, bbox: [1, 2, 3] }] },
    /Element 0 of "annotations".*bbox/,
  ],
  ['a box of no numbers', { annotations: [{ ...first, bbox: [1, 2, 3, null] }] }, /bbox\.3/],
  ['an image without a size', { images: [{ ...images[0], height: 0 }] }, /Element 0 of "images".*height/],
  ['no images', { images: [] }, /The file has no images/],
  ['no categories', { categories: undefined }, /The file has no categories/],
])('%s is refused', async (_, changes, message) => {
  await expect(readAnnotations(file(changes))).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(message) as string,
  });
});

test.each([
  ['of another size', { size: [6, 4], counts: [24] }, /The mask is of 6 x 4 pixels, its image of 10 x 8/],
  ['that do not fill it', { size: [10, 8], counts: [4, 20] }, /24/],
  ['that are no text of runs', { size: [10, 8], counts: 'zzz' }, /./],
])('run lengths %s are refused', async (_, segmentation, message) => {
  const read = await readAnnotations(file({ annotations: [{ ...first, segmentation }] }, 'runs.json'));
  await expect(read.objectsOf(1)).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(message) as string,
  });
  await read.close();
});

test('names do not lead out of the folder, and a set of crowds is refused', async () => {
  const outside = await readAnnotations(
    file({ images: [{ ...images[1], file_name: 'x/../../a.jpg' }], annotations: [first] }),
  );
  const options = { name: 'set', folder, onlyWithObjects: true };
  expect(() => cocoDataset(outside, options)).toThrow(/not in the folder/);
  const crowds = await readAnnotations(file({ annotations: [annotations[1]] }));
  expect(() => cocoDataset(crowds, options)).toThrow(/No image has an object/);
});
