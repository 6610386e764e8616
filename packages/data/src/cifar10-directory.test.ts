import { mkdtempSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCifar10, readCifar100 } from './cifar10-directory.ts';

const NAMES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** Records whose pixels all have the value `pixel`, `pixel + 1`, ...; labels count up from it too. */
const records = (count: number, pixel: number): Uint8Array => {
  const bytes = new Uint8Array(count * 3073);
  for (let r = 0; r < count; r++) {
    bytes.fill(pixel + r, r * 3073, (r + 1) * 3073);
    bytes[r * 3073] = (pixel + r) % 10;
  }
  return bytes;
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cifar10-'));
  await writeFile(join(directory, 'batches.meta.txt'), `${NAMES.join('\n')}\n\n`);
  await writeFile(join(directory, 'data_batch_1.bin'), records(3, 0));
  await writeFile(join(directory, 'data_batch_2.bin'), records(2, 3));
  await writeFile(join(directory, 'test_batch.bin'), records(4, 100));
});
afterEach(() => rm(directory, { recursive: true }));

const refuses = async (code: string, message: RegExp, path = directory, options = {}) => {
  await expect(readCifar10(path, options)).rejects.toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
  );
};
const firstPixels = ({ images }: { images: Uint8Array }) =>
  Array.from(images).filter((_, i) => i % 3072 === 0);

describe('readCifar10', () => {
  test('joins the training files in order, whatever their sizes', async () => {
    const { train, test: held } = await readCifar10(directory);
    expect(firstPixels(train)).toEqual([0, 1, 2, 3, 4]);
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4]);
    expect(firstPixels(held)).toEqual([100, 101, 102, 103]);
    expect(train).toMatchObject({ shape: [32, 32, 3], white: 255, classNames: NAMES });
    expect(train.normalisation).toEqual({ mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] });
  });

  test('orders ten files by number, not by name', async () => {
    for (let i = 3; i <= 10; i++) await writeFile(join(directory, `data_batch_${i}.bin`), records(1, 2 + i));
    expect(firstPixels((await readCifar10(directory)).train)).toEqual([...Array(13).keys()]);
  });

  test('takes the first images, and other constants', async () => {
    const normalisation = { mean: [0, 0, 0], std: [1, 1, 1] };
    const sets = await readCifar10(directory, { trainLimit: 4, testLimit: 1, normalisation });
    expect(firstPixels(sets.train)).toEqual([0, 1, 2, 3]);
    expect(firstPixels(sets.test)).toEqual([100]);
    expect(sets.train.normalisation).toBe(normalisation);
    expect(sets.train.fingerprint).not.toBe((await readCifar10(directory)).train.fingerprint);
  });

  test.each([
    [{ trainLimit: 6 }, /trainLimit is 6, but there are 5 images/],
    [{ testLimit: 0 }, /testLimit is 0, but there are 4 images/],
    [{ trainLimit: 1.5 }, /trainLimit is 1.5/],
  ])('refuses the limit %o', (options, message) => refuses('bad-argument', message, directory, options));

  test('says so when there is no such directory', () =>
    refuses('not-found', /no such directory[^]*nowhere[^]*--data/, join(directory, 'nowhere')));

  test('says so when the path is a file', () =>
    refuses('not-found', /a file, not a directory/, join(directory, 'test_batch.bin')));

  test('lists what it found and expected when a file is missing', async () => {
    await unlink(join(directory, 'test_batch.bin'));
    await refuses(
      'not-found',
      /test_batch\.bin missing[^]*found: +batches\.meta\.txt, data_batch_1\.bin, data_batch_2\.bin\n +expected: data_batch_1\.bin[^]*--data/,
    );
  });

  test('notices a gap between the training files', async () => {
    await writeFile(join(directory, 'data_batch_4.bin'), records(1, 0));
    await refuses('not-found', /data_batch_3\.bin missing/);
  });

  test('points at the unpacked folder inside', async () => {
    const outer = join(directory, 'outer');
    await mkdir(join(outer, 'cifar-10-batches-bin'), { recursive: true });
    await refuses('not-found', /pass --data .*cifar-10-batches-bin/, outer);
  });

  test('refuses a truncated file', async () => {
    await writeFile(join(directory, 'data_batch_2.bin'), records(2, 0).subarray(0, 5000));
    await refuses('bad-data', /truncated: 5000 bytes are 1 records and 1927 bytes[^]*data_batch_2\.bin/);
  });

  test('refuses a wrong label with its place', async () => {
    const damaged = records(2, 0);
    damaged[3073] = 77;
    await writeFile(join(directory, 'data_batch_2.bin'), damaged);
    await refuses('bad-data', /Record 1 has label 77[^]*data_batch_2\.bin, byte offset 3073/);
  });

  test('refuses a list of nine names', async () => {
    await writeFile(join(directory, 'batches.meta.txt'), NAMES.slice(1).join('\n'));
    await refuses('bad-data', /Found 9 class names, expected 10[^]*batches\.meta\.txt/);
  });
});

describe('CIFAR-100', () => {
  /** Records of a coarse label, a fine one, and pixels that are the record's number. */
  const records = (labels: readonly number[]): Uint8Array => {
    const bytes = new Uint8Array(labels.length * 3074);
    for (const [r, label] of labels.entries()) {
      bytes.fill(r, r * 3074, (r + 1) * 3074);
      bytes.set([label % 20, label], r * 3074);
    }
    return bytes;
  };
  const folder = (train: Uint8Array, names = 100): string => {
    const root = mkdtempSync(join(tmpdir(), 'cifar100-'));
    writeFileSync(join(root, 'train.bin'), train);
    writeFileSync(join(root, 'test.bin'), records([7]));
    writeFileSync(
      join(root, 'fine_label_names.txt'),
      Array.from({ length: names }, (_, i) => `class ${i}\n`).join(''),
    );
    return root;
  };

  test('has the fine label, behind the coarse one', async () => {
    const { train, test: held } = await readCifar100(folder(records([99, 0, 42])));
    expect([...train.labels]).toEqual([99, 0, 42]);
    expect([...held.labels]).toEqual([7]);
    expect(train.classNames).toHaveLength(100);
    expect(train.name).toBe('cifar100, train');
    expect([...train.images.slice(2 * 3072)]).toEqual(new Array(3072).fill(2));
  });

  test('is refused where it is cut off, has a label of no class, or is not there', async () => {
    await expect(readCifar100(folder(records([1, 2]).subarray(0, 6000)))).rejects.toMatchObject({
      code: 'bad-data',
    });
    await expect(readCifar100(folder(records([1, 100])))).rejects.toThrow(/label 100; expected 0 to 99/);
    await expect(readCifar100(folder(records([1]), 10))).rejects.toMatchObject({ code: 'bad-data' });
    const missing = await readCifar100(mkdtempSync(join(tmpdir(), 'cifar100-'))).catch((e: unknown) => e);
    expect(String(missing)).toMatch(
      /train\.bin, test\.bin, fine_label_names\.txt missing[^]*data download cifar100/,
    );
  });
});
