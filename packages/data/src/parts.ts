// What recipes may choose here: data sets of labelled images.

import { type Data, definePart, MaNetError } from '@ma-net/core';
import { z } from 'zod';
import type { ImageBatch } from './tensors.ts';

const limit = z.int().min(1).optional();
const fields = {
  /** Use only the first so many training images. */
  trainLimit: limit,
  /** Use only the first so many test images. */
  testLimit: limit,
  /** What is done to a training image. */
  augment: z
    .strictObject({
      flip: z.boolean().default(false),
      /** Zeros around the image before a random crop of its size. */
      padCrop: z.int().min(0).default(0),
      /** Side of a square of zeros. */
      cutout: z.int().min(0).default(0),
    })
    .prefault({}),
};

/** Handwritten digits of 8 x 8 pixels, which come with this package. */
export const digits = definePart({
  id: '@ma-net/data#digits',
  kind: 'data',
  about: '1,797 handwritten digits of 8 x 8 pixels, embedded',
  schema: z.strictObject(fields),
  open: async ({ augment, ...limits }): Promise<Data<ImageBatch>> => {
    const [{ digits: read }, { imageData }] = await Promise.all([
      import('./digits-asset.ts'),
      import('./image-data.ts'),
    ]);
    return imageData(await read(given(limits)), augment);
  },
});

/** CIFAR-10 in the binary version of its authors. */
export const cifar10 = definePart({
  id: '@ma-net/data#cifar10',
  kind: 'data',
  about: 'CIFAR-10: 60,000 photographs of 32 x 32 pixels in 10 classes',
  schema: z.strictObject({
    /** The folder with data_batch_1.bin, ..., test_batch.bin. */
    path: z.string().optional(),
    ...fields,
  }),
  open: async ({ path, augment, ...limits }): Promise<Data<ImageBatch>> => {
    if (path === undefined) {
      throw new MaNetError('not-found', 'The recipe trains on CIFAR-10, and no folder of it was given.', {
        where: 'data.path',
        hint: 'pass --data <folder> with data_batch_1.bin, ..., test_batch.bin (the binary version of CIFAR-10).',
      });
    }
    const [{ readCifar10 }, { imageData }] = await Promise.all([
      import('./cifar10-directory.ts'),
      import('./image-data.ts'),
    ]);
    return imageData(await readCifar10(path, given(limits)), augment);
  },
});

export const parts = [digits, cifar10];

interface Limits {
  readonly trainLimit?: number;
  readonly testLimit?: number;
}

/** Without what was not given. */
function given({ trainLimit, testLimit }: { [K in keyof Limits]?: Limits[K] | undefined }): Limits {
  return {
    ...(trainLimit === undefined ? {} : { trainLimit }),
    ...(testLimit === undefined ? {} : { testLimit }),
  };
}
