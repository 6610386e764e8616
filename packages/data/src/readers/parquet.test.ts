// The files of test/fixtures/parquet are by pyarrow 26, with the metadata that the `datasets` library writes: pictures
// of 2 x 3 pixels, all of value 10 i, labels i mod 3; row groups of two.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { decodePhoto } from '../photos/decode.ts';
import { readParquet } from './parquet.ts';
import { readPhotos } from './photos.ts';

const root = fileURLToPath(new URL('../../test/fixtures/parquet', import.meta.url));

test('images, labels and class names, in any order and again', async () => {
  const { classNames, train, test: held } = await readPhotos(root);
  expect(classNames).toEqual(['ant', 'bee', 'cat']);
  expect([train.size, held!.size]).toEqual([7, 2]);
  const value = async (dataset: typeof train, index: number): Promise<number> => {
    const { image, where } = await dataset.read(index);
    const picture = await (await decodePhoto(image as Uint8Array, where)).read(3);
    expect([picture.height, picture.width]).toEqual([2, 3]);
    return picture.data[0]!;
  };
  for (const index of [6, 0, 3, 2, 5, 1, 4, 4, 0]) {
    expect(await value(train, index)).toBe(10 * index);
    expect(train.labelOf!(index)).toBe(index % 3);
    expect((await train.read(index)).label).toBe(index % 3);
  }
  expect(await value(held!, 1)).toBe(80);
  expect((await train.read(5)).where).toMatch(/train-00001-of-00002\.parquet, row 1$/);
  expect(train.fingerprint).not.toBe(held!.fingerprint);
});

test('reading ahead reads a row group once', async () => {
  const { train } = await readParquet(root);
  const [a, b] = await Promise.all([train.read(0), train.read(1)]);
  expect(a.image).not.toEqual(b.image);
  // A copy each, so that a caller may keep or move one.
  const again = await train.read(0);
  expect(again.image).toEqual(a.image);
  expect(again.image).not.toBe(a.image);
});

test('what is no Parquet file is refused by name, and a folder without one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parquet-'));
  await expect(readParquet(folder)).rejects.toMatchObject({ code: 'not-found' });
  await writeFile(join(folder, 'train.parquet'), 'PAR1 and nothing else');
  const refused = readParquet(folder);
  await expect(refused).rejects.toMatchObject({ code: 'bad-data' });
  await expect(refused).rejects.toThrow(/train\.parquet/);
});
