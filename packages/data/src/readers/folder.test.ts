import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { checkPhotos } from './check.ts';
import { readFolder } from './folder.ts';
import { readPhotos } from './photos.ts';

const image = await sharp(Buffer.alloc(12 * 9 * 3, 90), { raw: { height: 12, width: 9, channels: 3 } })
  .jpeg()
  .toBuffer();

const folderOf = async (files: readonly string[], contents: Record<string, string> = {}): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), 'photos-'));
  for (const file of [...files, ...Object.keys(contents)]) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), contents[file] ?? image);
  }
  return root;
};

const labelsOf = (of: { size: number; labelOf?(i: number): number }): number[] =>
  Array.from({ length: of.size }, (_, i) => of.labelOf!(i));

describe('one folder a class', () => {
  test('classes and files are in the order of their names; other files are left out', async () => {
    const root = await folderOf(
      ['dog/2.JPG', 'dog/10.png', 'cat/a.webp', 'cat/deep/b.jpeg', 'cat/.hidden.jpg'],
      { 'cat/notes.txt': 'mine', 'readme.md': 'x' },
    );
    const { classNames, train, test: none } = await readFolder(root);
    expect(classNames).toEqual(['cat', 'dog']);
    expect(labelsOf(train)).toEqual([0, 0, 1, 1]);
    expect(none).toBeUndefined();
    const names = await Promise.all([0, 1, 2, 3].map(async (i) => (await train.read(i)).where));
    expect(names.map((name) => name.split('/').slice(-2).join('/'))).toEqual([
      'cat/a.webp',
      'deep/b.jpeg',
      'dog/10.png',
      'dog/2.JPG',
    ]);
    expect((await train.read(3)).image).toEqual(image);
    expect((await train.read(3)).label).toBe(1);
  });

  test('train/ and val/: labels of test images are those of the training classes', async () => {
    const root = await folderOf([
      'train/a/1.jpg',
      'train/b/1.jpg',
      'train/c/1.jpg',
      'val/c/7.jpg',
      'val/b/8.jpg',
    ]);
    const { classNames, train, test: held } = await readPhotos(root);
    expect(classNames).toEqual(['a', 'b', 'c']);
    expect(labelsOf(train)).toEqual([0, 1, 2]);
    expect(labelsOf(held!)).toEqual([1, 2]);
  });

  test('the fingerprint is of names and classes, wherever the folder lies', async () => {
    const of = async (files: readonly string[]) =>
      (await readFolder(await folderOf(files))).train.fingerprint;
    const one = await of(['a/1.jpg', 'b/1.jpg']);
    expect(await of(['a/1.jpg', 'b/1.jpg'])).toBe(one);
    expect(await of(['a/1.jpg', 'c/1.jpg'])).not.toBe(one);
    expect(await of(['a/1.jpg', 'b/1.jpg', 'b/2.jpg'])).not.toBe(one);
  });
});

describe('flat validation images', () => {
  const files = [
    'train/n01/1.JPEG',
    'train/n02/1.JPEG',
    'val/ILSVRC2012_val_00000001.JPEG',
    'val/ILSVRC2012_val_00000002.JPEG',
  ];

  test.each([
    ['names', 'val.txt', 'ILSVRC2012_val_00000002.JPEG n01\nILSVRC2012_val_00000001.JPEG n02\n'],
    ['indices', 'val.txt', 'ILSVRC2012_val_00000001.JPEG 1\nILSVRC2012_val_00000002.JPEG 0\n'],
    [
      'boxes',
      'LOC_val_solution.csv',
      'ImageId,PredictionString\nILSVRC2012_val_00000002,n01 1 2 3 4 \nILSVRC2012_val_00000001,n02 5 6 7 8 n02 1 2 3 4\n',
    ],
  ])('get their classes from a list of %s', async (_, name, text) => {
    const { test: held } = await readFolder(await folderOf(files, { [name]: text }));
    expect(labelsOf(held!)).toEqual([1, 0]);
  });

  test.each([
    ['no list', {}, /no list says their classes/],
    [
      'a list without a file',
      { 'val.txt': 'ILSVRC2012_val_00000001.JPEG 1\n' },
      /no class for "ILSVRC2012_val_00000002/,
    ],
    ['the order of the development kit', { 'val.txt': '490\n361\n' }, /line 1\n.*development kit/],
    ['an unknown class', { 'val.txt': 'ILSVRC2012_val_00000001.JPEG n77\n' }, /line 1/],
    ['an index too large', { 'val.txt': 'ILSVRC2012_val_00000001.JPEG 2\n' }, /line 1/],
  ])('are refused with %s', async (_, contents, words) => {
    const refused = readFolder(await folderOf(files, contents as Record<string, string>));
    await expect(refused).rejects.toMatchObject({ code: 'bad-data' });
    await expect(refused).rejects.toThrow(words);
  });
});

describe('what is refused', () => {
  test.each<[string, string[], RegExp]>([
    ['a folder of images alone', ['1.jpg', '2.jpg'], /no folder of a class[^]*1\.jpg/],
    ['one class', ['cat/1.jpg'], /one folder, "cat"/],
    ['a class without images', ['cat/1.jpg', 'dog/notes.txt'], /"dog" has no images/],
    [
      'test classes that are not trained',
      ['train/a/1.jpg', 'train/b/1.jpg', 'test/a/1.jpg', 'test/z/1.jpg'],
      /no class "z"/,
    ],
  ])('%s', async (_, files, words) => {
    const refused = readFolder(await folderOf(files));
    await expect(refused).rejects.toMatchObject({ code: 'bad-data' });
    await expect(refused).rejects.toThrow(words);
  });

  test('no folder, and a file', async () => {
    await expect(readPhotos('/nowhere/at/all')).rejects.toMatchObject({ code: 'not-found' });
    const root = await folderOf(['a/1.jpg', 'b/1.jpg']);
    await expect(readPhotos(join(root, 'a/1.jpg'))).rejects.toMatchObject({ code: 'not-found' });
  });

  test('an image that is gone when it is read', async () => {
    const root = await folderOf(['a/1.jpg', 'b/1.jpg']);
    const { train } = await readFolder(root);
    await rm(join(root, 'b/1.jpg'));
    await expect(train.read(1)).rejects.toMatchObject({ code: 'not-found' });
  });
});

test('a check decodes everything, counts classes, and lists what is broken', async () => {
  const root = await folderOf(['train/a/1.jpg', 'train/a/2.jpg', 'train/b/1.jpg', 'val/b/9.jpg'], {
    'train/b/2.jpg': 'no image',
    'train/b/3.jpg': '',
  });
  let last: [number, number] = [0, 0];
  const [train, held] = await checkPhotos(await readFolder(root), (done, of) => {
    last = [done, of];
  });
  expect(train).toMatchObject({ images: 5, perClass: [2, 3], smallest: [12, 9], largest: [12, 9] });
  expect(train!.broken.map(({ file }) => file.split('/').slice(-2).join('/'))).toEqual([
    'b/2.jpg',
    'b/3.jpg',
  ]);
  expect(held).toMatchObject({ images: 1, perClass: [0, 1], broken: [] });
  expect(last).toEqual([6, 6]);
});
