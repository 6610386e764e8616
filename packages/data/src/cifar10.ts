// The binary version of CIFAR-10 (Krizhevsky 2009, "Learning multiple layers of features from tiny images"):
// records of one label byte and 3,072 pixel bytes, all red, then all green, then all blue, row by row.

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

const PIXELS = 32 * 32;

/** Number of whole records in a file; `bad-data` if it is empty or ends inside a record. */
export function countCifar10Records(byteLength: number, file: string): number {
  const records = Math.floor(byteLength / CIFAR10_RECORD_BYTES);
  const rest = byteLength % CIFAR10_RECORD_BYTES;
  if (rest === 0 && records > 0) return records;
  const found =
    records === 0
      ? `The file is ${byteLength} bytes, less than one record.`
      : `The file is truncated: ${byteLength} bytes are ${records} records and ${rest} bytes more.`;
  throw new MaNetError(
    'bad-data',
    `${found} Expected a multiple of ${CIFAR10_RECORD_BYTES} (the official files have 10000 records, 30730000 bytes).`,
    { where: file, hint: 'copy or unpack this file again; it must be the binary version of CIFAR-10.' },
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
  { images, labels }: { readonly images: Uint8Array; readonly labels: Int32Array },
  at: number,
): void {
  const whole = countCifar10Records(records.length, file);
  if (count > whole) {
    throw new MaNetError('bad-data', `The file holds ${whole} records; expected ${count}.`, {
      where: file,
      hint: 'it became shorter while it was read; stop whatever writes it and start again.',
    });
  }
  for (let r = 0; r < count; r++) {
    const start = r * CIFAR10_RECORD_BYTES;
    const label = records[start]!;
    if (label >= CIFAR10_CLASSES) {
      throw new MaNetError(
        'bad-data',
        `Record ${r} has label ${label}; expected 0 to ${CIFAR10_CLASSES - 1}.`,
        {
          where: `${file}, byte offset ${start}`,
          hint: 'the file is damaged or is not CIFAR-10 (CIFAR-100 has two label bytes); copy or unpack it again.',
        },
      );
    }
    labels[at + r] = label;
    let out = (at + r) * PIXELS * 3;
    for (let p = start + 1; p <= start + PIXELS; p++) {
      images[out++] = records[p]!;
      images[out++] = records[p + PIXELS]!;
      images[out++] = records[p + 2 * PIXELS]!;
    }
  }
}
