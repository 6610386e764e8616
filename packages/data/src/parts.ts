// What recipes may choose here: data sets of labelled images.

import { type Data, definePart, MaNetError } from '@ma-net/core';
import { z } from 'zod';
import { augmentFields, resizedCropField } from './augment-schema.ts';
import type { ImageBatch } from './tensors.ts';

const limit = z.int().min(1).exactOptional();
const heldOut = {
  /** Part of the training images, of every class the same, that is held out to choose by; none unless given. */
  validation: z.number().min(0).lt(1).exactOptional(),
  /** Decides which. */
  validationSeed: z.int().min(0).exactOptional(),
};
const fields = {
  /** Use only the first so many training images. */
  trainLimit: limit,
  /** Use only the first so many test images. */
  testLimit: limit,
  ...heldOut,
  /** Instead of a part of every class: how many of the last training images are held out. */
  validationLast: limit,
  /** What is done to a training image. */
  augment: z.strictObject(augmentFields).prefault({}),
  /** What is done to each further view of it, where a method asks for several; as to the first one unless given. */
  views: z.array(z.strictObject(augmentFields)).exactOptional(),
};

/** Handwritten digits of 8 x 8 pixels, which come with this package. */
export const digits = definePart({
  id: '@ma-net/data#digits',
  kind: 'data',
  about: '1,797 handwritten digits of 8 x 8 pixels, embedded',
  schema: z.strictObject(fields),
  open: async ({ trainLimit, testLimit, ...options }): Promise<Data<ImageBatch>> => {
    const [{ digits: read }, { imageData }] = await Promise.all([
      import('./digits-asset.ts'),
      import('./image-data.ts'),
    ]);
    return imageData(await read(given({ trainLimit, testLimit })), allViews(options));
  },
});

const inFolder = z.strictObject({
  /** The folder of the files. */
  path: z.string().exactOptional(),
  ...fields,
});

/** CIFAR-10 in the binary version of its authors. */
export const cifar10 = definePart({
  id: '@ma-net/data#cifar10',
  kind: 'data',
  about: 'CIFAR-10: 60,000 photographs of 32 x 32 pixels in 10 classes',
  schema: inFolder,
  open: async ({ path, trainLimit, testLimit, ...options }): Promise<Data<ImageBatch>> => {
    const folder = needed(
      path,
      'CIFAR-10',
      'data_batch_1.bin, ..., test_batch.bin (the binary version of CIFAR-10)',
    );
    const [{ readCifar10 }, { imageData }] = await Promise.all([
      import('./cifar10-directory.ts'),
      import('./image-data.ts'),
    ]);
    return imageData(await readCifar10(folder, given({ trainLimit, testLimit })), allViews(options));
  },
});

/** CIFAR-100 in the binary version of its authors, with its fine classes. */
export const cifar100 = definePart({
  id: '@ma-net/data#cifar100',
  kind: 'data',
  about: 'CIFAR-100: 60,000 photographs of 32 x 32 pixels in 100 classes',
  schema: inFolder,
  open: async ({ path, trainLimit, testLimit, ...options }): Promise<Data<ImageBatch>> => {
    const folder = needed(path, 'CIFAR-100', 'train.bin and test.bin (the binary version of CIFAR-100)');
    const [{ readCifar100 }, { imageData }] = await Promise.all([
      import('./cifar10-directory.ts'),
      import('./image-data.ts'),
    ]);
    return imageData(await readCifar100(folder, given({ trainLimit, testLimit })), allViews(options));
  },
});

const photoAugment = z.strictObject({
  ...augmentFields,
  /** Mirror left and right with probability 1/2. */
  flip: z.boolean().default(true),
  /** A random box of the image, resized to what the network sees. */
  resizedCrop: resizedCropField.exactOptional().prefault({}),
});

/** Photographs of any size: folders of classes, ImageNet, tar shards, Parquet. */
export const photos = definePart({
  id: '@ma-net/data#photos',
  kind: 'data',
  about: 'photographs of your own: one folder a class, train/ and val/ of such, tar shards, or Parquet',
  schema: z.strictObject({
    /** The folder. */
    path: z.string().exactOptional(),
    /** List of the classes of flat validation images, where it does not lie beside them. */
    truth: z.string().exactOptional(),
    /** Side of the square images that a network sees. */
    size: z.int().min(1).default(224),
    /** Shapes of training batches beside the square one, for images of other proportions. */
    shapes: z
      .array(
        z.strictObject({
          /** In pixels. */
          height: z.int().min(1),
          /** In pixels. */
          width: z.int().min(1),
        }),
      )
      .exactOptional(),
    ...heldOut,
    /** Measure on the training images where there are no others; that says nothing about new images. */
    measureOnTraining: z.boolean().default(false),
    /** Threads that decode and augment; they change no number. */
    workers: z.int().min(0).max(256).exactOptional(),
    /** Images that cannot be decoded. */
    corrupt: z.enum(['error', 'skip']).default('error'),
    /** What is cut from the middle of a test image, of its shorter side. */
    crop: z.number().gt(0).max(1).default(0.875),
    /** Of test images that are resized. */
    interpolation: z.enum(['bilinear', 'bicubic']).default('bilinear'),
    /** Of red, green and blue from 0 to 1, as the network was trained with; ImageNet's unless given. */
    normalisation: z
      .strictObject({
        /** Of each channel. */
        mean: z.array(z.number()).length(3),
        /** Of each channel. */
        std: z.array(z.number().positive()).length(3),
      })
      .exactOptional(),
    /** What is done to a training image. */
    augment: photoAugment.prefault({}),
    /** What is done to each further view of it, where a method asks for several; as to the first one unless given. */
    views: z.array(photoAugment).exactOptional(),
  }),
  open: async ({ path, truth, ...options }): Promise<Data<ImageBatch>> => {
    const folder = needed(path, 'photographs', 'one folder of images for each class');
    const [{ readPhotos }, { photoData }] = await Promise.all([
      import('./readers/photos.ts'),
      import('./readers/photo-data.ts'),
    ]);
    return photoData(await readPhotos(folder, truth === undefined ? {} : { truth }), allViews(options));
  },
});

export const parts = [digits, cifar10, cifar100, photos];

function needed(path: string | undefined, what: string, contents: string): string {
  if (path !== undefined) return path;
  throw new MaNetError('not-found', `The recipe trains on ${what}, and no folder of it was given.`, {
    where: 'data.path',
    hint: `pass --data <folder> with ${contents}.`,
  });
}

/** The changes of all views in one list, in place of those of the first and of the further ones. */
function allViews<A, Options extends object>({
  augment,
  views,
  ...options
}: Options & { readonly augment: A; readonly views?: readonly A[] }): Omit<Options, 'augment' | 'views'> & {
  readonly augment: A | readonly A[];
} {
  return { ...options, augment: views === undefined ? augment : [augment, ...views] };
}

interface Limits {
  readonly trainLimit?: number;
  readonly testLimit?: number;
}

/** Without what was not given. */
function given({ trainLimit, testLimit }: { [K in keyof Limits]: Limits[K] | undefined }): Limits {
  return {
    ...(trainLimit === undefined ? {} : { trainLimit }),
    ...(testLimit === undefined ? {} : { testLimit }),
  };
}
