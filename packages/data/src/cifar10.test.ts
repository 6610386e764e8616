import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { CIFAR10_RECORD_BYTES, countCifar10Records, decodeCifar10 } from './cifar10.ts';

const randomRecords = (count: number, rng: Rng): Uint8Array => {
  const bytes = Uint8Array.from({ length: count * CIFAR10_RECORD_BYTES }, () => rng.integer(256));
  for (let r = 0; r < count; r++) bytes[r * CIFAR10_RECORD_BYTES] = rng.integer(10);
  return bytes;
};
const target = (count: number) => ({ images: new Uint8Array(count * 3072), labels: new Int32Array(count) });
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'bad-data', message: expect.stringMatching(message) as string }) as Error;

describe('decodeCifar10', () => {
  test.each([0, 1, 2])('moves channel c of pixel (y, x) to [y, x, c], seed %i', (seed) => {
    const rng = Rng.fromSeed(seed);
    const records = randomRecords(3, rng);
    const into = target(5);
    decodeCifar10(records, 3, 'a.bin', into, 2);
    for (let check = 0; check < 500; check++) {
      const [r, y, x, c] = [rng.integer(3), rng.integer(32), rng.integer(32), rng.integer(3)];
      expect(into.images[(((r + 2) * 32 + y) * 32 + x) * 3 + c]).toBe(
        records[r * 3073 + 1 + c * 1024 + y * 32 + x],
      );
    }
    expect([...into.labels]).toEqual([0, 0, records[0], records[3073], records[2 * 3073]]);
    expect(into.images.subarray(0, 2 * 3072).every((value) => value === 0)).toBe(true);
  });

  test('names the record and the byte of a wrong label', () => {
    const records = randomRecords(3, Rng.fromSeed(3));
    records[2 * CIFAR10_RECORD_BYTES] = 10;
    expect(() => decodeCifar10(records, 3, 'a.bin', target(3), 0)).toThrow(
      refusal(/Record 2 has label 10; expected 0 to 9\.\n {2}at a\.bin, byte offset 6146/),
    );
    expect(() => decodeCifar10(records, 2, 'a.bin', target(2), 0)).not.toThrow();
  });

  test('refuses to make images of fewer records', () => {
    expect(() => decodeCifar10(new Uint8Array(3073), 2, 'a.bin', target(2), 0)).toThrow(
      refusal(/holds 1 records; expected 2/),
    );
  });
});

describe('countCifar10Records', () => {
  test('divides the official size by the record', () => {
    expect(countCifar10Records(30_730_000, 'data_batch_1.bin')).toBe(10_000);
  });

  test.each([1, 3072, 3074, 30_729_999])('refuses %i bytes', (bytes) => {
    expect(() => countCifar10Records(bytes, 'data_batch_1.bin')).toThrow(
      refusal(new RegExp(`\\b${bytes} bytes[^]*multiple of 3073[^]*at data_batch_1.bin`)),
    );
  });

  test('refuses an empty file', () => {
    expect(() => countCifar10Records(0, 'data_batch_1.bin')).toThrow(
      refusal(/0 bytes, less than one record/),
    );
  });
});
