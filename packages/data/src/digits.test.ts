import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parseDigits } from './digits.ts';
import { digits } from './digits-asset.ts';
import type { ImageSet } from './image-set.ts';

const bytes = await readFile(new URL('../assets/digits.bin', import.meta.url));
const { train, test: held } = await digits();

const classCounts = ({ labels }: ImageSet) =>
  Array.from({ length: 10 }, (_, digit) => labels.filter((label) => label === digit).length);
const recordsOf = ({ images, labels }: ImageSet) =>
  Array.from(labels, (label, i) => [label, ...images.subarray(i * 64, (i + 1) * 64)].join());

describe('the asset', () => {
  test('is the published one', () => {
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      'd8121ca7764eccfaef1df6bc4589c6527c58fcbab0cb1b079e79f97f8cb8219a',
    );
  });

  test('begins with the 0 that the repository of its authors begins with', () => {
    expect([...bytes.subarray(0, 17)]).toEqual([0, 0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]);
  });
});

describe('digits', () => {
  test('are 1297 training and 500 test images that share nothing and leave nothing out', () => {
    expect([train.labels.length, held.labels.length]).toEqual([1297, 500]);
    const all = Array.from({ length: 1797 }, (_, i) => bytes.subarray(i * 65, (i + 1) * 65).join());
    expect([...recordsOf(train), ...recordsOf(held)].sort()).toEqual(all.sort());
  });

  // Together the counts of optdigits.tes: 178 182 177 183 181 182 181 179 174 180.
  test('have their classes in both splits', () => {
    expect(classCounts(train)).toEqual([129, 125, 128, 122, 129, 127, 137, 134, 130, 136]);
    expect(classCounts(held)).toEqual([49, 57, 49, 61, 52, 55, 44, 45, 44, 44]);
  });

  test('are split the same way for ever', () => {
    expect(train.fingerprint).toBe('4bbc07fea87925b01adef93aa8a291b34a3986fcd2802076fdb402af03d7aac1');
    expect(held.fingerprint).toBe('143ee4994353993e8487b90e1868deb2360a4b92a20ac30ff38a479b0963c044');
  });

  test('are 8 x 8 with 17 levels', () => {
    expect(train).toMatchObject({ shape: [8, 8, 1], white: 16, normalisation: { mean: [0], std: [1] } });
    expect(train.images.reduce((max, value) => Math.max(max, value), 0)).toBe(16);
  });

  test('can be limited to the first of each split', async () => {
    const few = await digits({ trainLimit: 100, testLimit: 10 });
    expect(recordsOf(few.train)).toEqual(recordsOf(train).slice(0, 100));
    expect(recordsOf(few.test)).toEqual(recordsOf(held).slice(0, 10));
    await expect(digits({ testLimit: 501 })).rejects.toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  test('refuse a damaged asset', async () => {
    await expect(parseDigits(bytes.subarray(1))).rejects.toThrow(
      expect.objectContaining({ code: 'bad-data', message: expect.stringContaining('116804') as string }),
    );
  });
});
