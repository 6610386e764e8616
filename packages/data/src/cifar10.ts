// The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, "Learning multiple layers of features from tiny
// images"): records of label bytes, of which the last is the class, and 3,072 pixel bytes, all red, then all green,
// then all blue, row by row.

import { MaNetError } from '@ma-net/core';
import type { Normalisation } from './image-set.ts';

export const CIFAR10_SHAPE = [32, 32, 3] as const;
export const CIFAR10_CLASSES = 10;
export const CIFAR10_RECORD_BYTES = 3073;

/** Channel statistics of the 50,000 training images. */
export const CIFAR10_NORMALISATION: Normalisation = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};

/** What tells the two apart. */
export interface CifarFormat {
  readonly title: string;
  readonly classes: number;
  /** CIFAR-100 has a coarse label before the fine one. */
  readonly labelBytes: number;
  readonly officialRecords: number;
  readonly normalisation: Normalisation;
}

export const CIFAR10: CifarFormat = {
  title: 'CIFAR-10',
  classes: CIFAR10_CLASSES,
  labelBytes: 1,
  officialRecords: 10_000,
  normalisation: CIFAR10_NORMALISATION,
};

export const CIFAR100: CifarFormat = {
  title: 'CIFAR-100',
  classes: 100,
  labelBytes: 2,
  officialRecords: 50_000,
  normalisation: { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
};

const PIXELS = 32 * 32;

/** Number of whole records in a file; `bad-data` if it is empty or ends inside a record. */
export function countCifar10Records(byteLength: number, file: string): number {
  return countCifarRecords(CIFAR10, byteLength, file);
}

export function countCifarRecords(format: CifarFormat, byteLength: number, file: string): number {
  const { labelBytes, officialRecords, title } = format;
  const recordBytes = labelBytes + 3 * PIXELS;
  const records = Math.floor(byteLength / recordBytes);
  const rest = byteLength % recordBytes;
  if (rest === 0 && records > 0) return records;
  const found =
    records === 0
      ? `The file is ${byteLength} bytes, less than one record.`
      : `The file is truncated: ${byteLength} bytes are ${records} records and ${rest} bytes more.`;
  throw new MaNetError(
    'bad-data',
    `${found} Expected a multiple of ${recordBytes} (the official files have ${officialRecords} records, ${officialRecords * recordBytes} bytes).`,
    { where: file, hint: `copy or unpack this file again; it must be the binary version of ${title}.` },
  );
}

/**
 * Turns the first `count` records of a file into images [count, 32, 32, 3] and labels [count], written into
 * `images` and `labels` from image `at` on. `bad-data` on too few records or a label that is no class.
 */
export function decodeCifar10(
  records: Uint8Array,
  count: number,
  file: string,
  out: { readonly images: Uint8Array; readonly labels: Int32Array },
  at: number,
): void {
  decodeCifar(CIFAR10, records, count, file, out, at);
}

export function decodeCifar(
  format: CifarFormat,
  records: Uint8Array,
  count: number,
  file: string,
  { images, labels }: { readonly images: Uint8Array; readonly labels: Int32Array },
  at: number,
): void {
  const { classes, labelBytes, title } = format;
  const whole = countCifarRecords(format, records.length, file);
  if (count > whole) {
    throw new MaNetError('bad-data', `The file holds ${whole} records; expected ${count}.`, {
      where: file,
      hint: 'it became shorter while it was read; stop whatever writes it and start again.',
    });
  }
  for (let r = 0; r < count; r++) {
    const start = r * (labelBytes + 3 * PIXELS);
    const first = start + labelBytes;
    const label = records[first - 1]!;
    if (label >= classes) {
      throw new MaNetError('bad-data', `Record ${r} has label ${label}; expected 0 to ${classes - 1}.`, {
        where: `${file}, byte offset ${first - 1}`,
        hint: `the file is damaged or is not ${title} (CIFAR-100 has two label bytes, CIFAR-10 one); copy or unpack it again.`,
      });
    }
    labels[at + r] = label;
    let out = (at + r) * PIXELS * 3;
    for (let p = first; p < first + PIXELS; p++) {
      images[out++] = records[p]!;
      images[out++] = records[p + PIXELS]!;
      images[out++] = records[p + 2 * PIXELS]!;
    }
  }
}
