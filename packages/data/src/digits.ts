// The embedded digits: 1,797 images of 8 x 8 pixels with 17 grey levels (Alpaydin & Kaynak 1998, "Optical
// Recognition of Handwritten Digits", UCI Machine Learning Repository, CC BY 4.0).

import { MaNetError, Rng } from '@ma-net/core';
import { createImageSet, type ReadOptions, type Splits } from './image-set.ts';
import { limited } from './limit.ts';

const SIDE = 8;
const LEVELS = 16;
const RECORD_BYTES = 1 + SIDE * SIDE;
const IMAGES = 1797;
const TRAIN_IMAGES = 1297;
/** Of the permutation that splits the images; changing it changes the data set. */
const SPLIT_SEED = 1797;

/**
 * Splits the bytes of `digits.bin` into 1,297 training and 500 test images by a fixed permutation. Pixels
 * become pixel / 16. In Node, `digits()` of `@ma-net/data/node` does this to the copy in the package.
 */
export async function parseDigits(bytes: Uint8Array, options: ReadOptions = {}): Promise<Splits> {
  if (bytes.length !== IMAGES * RECORD_BYTES) {
    throw new MaNetError(
      'bad-data',
      `The digits are ${bytes.length} bytes; expected ${IMAGES * RECORD_BYTES} (${IMAGES} records of ${RECORD_BYTES}).`,
      { where: 'digits.bin', hint: 'restore assets/digits.bin by installing @ma-net/data again.' },
    );
  }
  const order = Rng.fromSeed(SPLIT_SEED).permutation(IMAGES);
  const { trainLimit, testLimit } = options;
  const trainImages = limited('trainLimit', trainLimit, TRAIN_IMAGES, 'digits, train');
  const testImages = limited('testLimit', testLimit, IMAGES - TRAIN_IMAGES, 'digits, test');
  return {
    train: await gather('digits, train', bytes, order.subarray(0, trainImages), options),
    test: await gather(
      'digits, test',
      bytes,
      order.subarray(TRAIN_IMAGES, TRAIN_IMAGES + testImages),
      options,
    ),
  };
}

function gather(name: string, bytes: Uint8Array, order: Uint32Array, { normalisation }: ReadOptions) {
  const images = new Uint8Array(order.length * SIDE * SIDE);
  const labels = new Int32Array(order.length);
  order.forEach((record, i) => {
    const start = record * RECORD_BYTES;
    labels[i] = bytes[start]!;
    images.set(bytes.subarray(start + 1, start + RECORD_BYTES), i * SIDE * SIDE);
  });
  return createImageSet({
    name,
    images,
    labels,
    shape: [SIDE, SIDE, 1],
    classNames: Array.from('0123456789'),
    white: LEVELS,
    normalisation: normalisation ?? { mean: [0], std: [1] },
  });
}
