import { mkdirSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { countsToText, resultEntry } from '@ma-net/metrics';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../test/temporary.ts';
import { readAnnotations } from './annotations.ts';
import { measureResults, readResults } from './results.ts';

const { folder, write } = temporaryFolder();
for (const name of ['annotations', 'val']) mkdirSync(`${folder}/${name}`);

const images = [
  { id: 7, file_name: 'a.jpg', height: 4, width: 6 },
  { id: 3, file_name: 'b.jpg', height: 10, width: 8 },
];
const categories = [
  { id: 90, name: 'kite' },
  { id: 2, name: 'dog' },
];
const left = { size: [4, 6] as const, counts: Uint32Array.of(0, 8, 16) };
const annotations = [
  {
    id: 1,
    image_id: 7,
    category_id: 90,
    bbox: [0, 0, 2, 4],
    area: 8,
    iscrowd: 0,
    segmentation: { size: left.size, counts: [...left.counts] },
  },
  {
    id: 2,
    image_id: 3,
    category_id: 2,
    bbox: [1, 1, 4, 4],
    area: 16,
    iscrowd: 0,
    segmentation: [[1, 1, 5, 1, 5, 5, 1, 5]],
  },
];
const truth = write('annotations/instances_val.json', JSON.stringify({ images, annotations, categories }));

/** The kite as it is, and a dog of which a half is seen. */
const kite = resultEntry({ image: 7, category: 90, score: 0.9, box: [0, 0, 2, 4], mask: left });
const dog = {
  ...resultEntry({ image: 3, category: 2, score: 0.5, box: [1, 1, 3, 5] }),
  segmentation: { size: [10, 8], counts: countsToText(Uint32Array.of(11, 4, 6, 4, 55)) },
};
const { segmentation: _, ...kiteBox } = kite;
const { bbox: __, ...kiteMask } = kite;
const results = (entries: unknown): string => write('found.json', JSON.stringify(entries));

test('results are measured by boxes and masks, of all classes and of each', async () => {
  const found = await measureResults(results([kite, dog]), folder);
  expect(found).toMatchObject({ truth, images: 2, detections: 2, classNames: ['dog', 'kite'] });
  // The half of the dog counts at the lowest threshold alone.
  expect(found.measures).toMatchObject({
    AP: expect.closeTo(0.55, 9) as number,
    AP50: expect.closeTo(1, 9) as number,
    maskAP: expect.closeTo(0.55, 9) as number,
    maskAP75: expect.closeTo(0.5, 9) as number,
  });
  expect(found.byClass.get(1)).toMatchObject({ AP: expect.closeTo(1, 9) as number });
  expect(found.byClass.get(0)).toMatchObject({ maskAP: expect.closeTo(0.1, 9) as number });
});

test('of what has boxes alone, or masks alone, that is measured', async () => {
  expect(Object.keys((await measureResults(results([kiteBox, dog]), folder)).measures)).not.toContain(
    'maskAP',
  );
  const masks = await measureResults(results([kiteMask, dog]), folder);
  expect(Object.keys(masks.measures)).not.toContain('AP');
  expect(masks.measures['maskAP']).toBeCloseTo(0.55, 9);
  const known = await readAnnotations(truth);
  const [read] = (await readResults(results([kiteMask]), known)).detections;
  await known.close();
  expect(read!.box).toEqual([0, 0, 2, 4]);
  expect((await measureResults(results([]), folder)).measures['AP']).toBe(0);
});

test.each([
  [
    'of another data set',
    [kite, { ...kite, image_id: 99 }],
    /1 of 2 entries are of images .* entry 1, of image 99/,
    /remove these/,
  ],
  ['all of another data set', [{ ...kite, image_id: 99 }], /1 of 1 entries/, /its folder with --data/],
  ['of classes by their index', [{ ...kite, category_id: 1 }], /categories .*category 1/, /--data/],
  ['with a mask of another size', [{ ...kite, image_id: 3 }], /4 x 6 pixels, image 3 of 10 x 8/, /resized/],
  [
    'whose runs do not fill the mask',
    [{ ...kite, segmentation: { size: [4, 6], counts: [3] } }],
    /add up to 3/,
    /./,
  ],
  [
    'with polygons',
    [{ ...kite, segmentation: [[0, 0, 1, 0, 1, 1]] }],
    /Entry 0 .*segmentation/,
    /size and counts/,
  ],
  ['without a score', [{ ...kite, score: undefined }], /Entry 0 .*score/, /./],
  ['without a place', [{ image_id: 7, category_id: 2, score: 1 }], /neither a bbox nor a segmentation/, /./],
  ['with boxes here and masks there', [kiteBox, { ...kiteMask }], /Some entries have no bbox/, /all of them/],
])('results %s are refused', async (_, entries, problem, hint) => {
  const path = results(entries);
  const before = readFileSync(path);
  const error = await measureResults(path, folder).catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(problem) as string,
    where: expect.stringContaining(path) as string,
    hint: expect.stringMatching(hint) as string,
  });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test.each([
  ['no JSON', '[{"image_id": 7', /not JSON/],
  ['annotations', JSON.stringify({ annotations }), /does not hold a list/],
])('a file that is %s is no results file', async (_, text, problem) => {
  await expect(measureResults(write('other.json', text), folder)).rejects.toMatchObject({
    code: 'bad-file',
    message: expect.stringMatching(problem) as string,
  });
});

test('masks are held against masks, and something against something', async () => {
  const write2 = (name: string, changed: object[]): string => {
    for (const part of ['', '/annotations', '/val']) mkdirSync(`${folder}/${name}${part}`);
    write(
      `${name}/annotations/instances_val.json`,
      JSON.stringify({ images, annotations: changed, categories }),
    );
    return `${folder}/${name}`;
  };
  const bare = write2('bare', [{ ...annotations[0], segmentation: undefined }]);
  await expect(measureResults(results([kite]), bare)).rejects.toThrow(/annotation 1 has none/);
  const crowds = write2('crowds', [{ ...annotations[0], iscrowd: 1 }]);
  await expect(measureResults(results([kite]), crowds)).rejects.toThrow(/None of the images/);
  await expect(measureResults(`${folder}/gone.json`, folder)).rejects.toMatchObject({ code: 'not-found' });
});
