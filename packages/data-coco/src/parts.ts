// What recipes may choose here: images with boxes and masks.

import { type Data, definePart, MaNetError } from '@ma-net/core';
import { z } from 'zod';
import type { CocoBatch } from './batch.ts';

const count = z.int().min(1);
const whole = z.int().min(0);

/** What both kinds of images have in common. */
const fields = {
  /** Room for so many objects an image. */
  objects: count,
  /** Of the channels in the order that the network sees them; ImageNet's unless given. */
  normalisation: z
    .strictObject({
      /** Of each channel. */
      mean: z.array(z.number()).length(3),
      /** Of each channel. */
      std: z.array(z.number().positive()).length(3),
    })
    .exactOptional(),
  /** The pixel value that counts as 1: 255 for networks of torchvision, 1 for those that see 0 to 255. */
  white: z.number().positive().exactOptional(),
  /** The order that the network sees them in. */
  channels: z.enum(['RGB', 'BGR']).exactOptional(),
  /** Masks are given to train on, at every so many pixels. */
  maskStride: count.exactOptional(),
  /** Part of the training images that is held out to choose by; none unless given. */
  validation: z.number().min(0).lt(1).exactOptional(),
  /** Decides which. */
  validationSeed: whole.exactOptional(),
  /** Threads that make batches; they change no number. */
  workers: z.int().min(0).max(256).exactOptional(),
};

/** Digits on textured grounds, made of the digits that come with @ma-net/data. */
export const scenes = definePart({
  id: '@ma-net/data-coco#scenes',
  kind: 'data',
  about: 'scenes of embedded digits with boxes and masks, ten classes',
  schema: z.strictObject({
    ...fields,
    /** Room for so many objects an image. */
    objects: count.default(8),
    /** Scenes to train on. */
    train: count.default(1000),
    /** Scenes to test on; they share no digit with those to train on. */
    test: count.default(200),
    /** Height and width of a scene; multiples of the largest stride of the network. */
    sides: z.tuple([count, count]).default([96, 96]),
    /** Fewest and most digits of a scene. */
    digits: z.tuple([count, count]).default([1, 4]),
    /** Smallest and largest side of a digit in pixels. */
    digit: z.tuple([count, count]).default([16, 48]),
    /** Decides what is to be seen. */
    sceneSeed: whole.default(0),
  }),
  open: async ({
    train,
    test,
    sides,
    digits,
    digit,
    sceneSeed,
    workers = 0,
    ...options
  }): Promise<Data<CocoBatch>> => {
    if (digits[1] > options.objects) {
      throw new MaNetError(
        'bad-argument',
        `A scene may have ${digits[1]} digits, and a batch has room for ${options.objects}.`,
        { where: 'data.objects', hint: `set data.objects=${digits[1]}, or lower data.digits.` },
      );
    }
    const [{ digits: read }, { scenes: compose }, { cocoData }, { cocoMakers }] = await Promise.all([
      import('@ma-net/data/node'),
      import('./scenes.ts'),
      import('./coco-data.ts'),
      import('./photo-collate.ts'),
    ]);
    const sets = await read();
    const composed = (of: 'train' | 'test', size: number) =>
      compose(sets[of], { name: `scenes, ${of}`, size, sides, objects: digits, digit, seed: sceneSeed });
    const [height, width] = sides;
    return cocoData(
      { classNames: sets.train.classNames, train: composed('train', train), test: composed('test', test) },
      {
        ...options,
        buckets: [{ height, width }],
        shorter: [Math.min(height, width)],
        longest: Math.max(height, width),
        rounding: 'detectron2',
      },
      cocoMakers(workers),
    );
  },
});

/** Any folder in COCO's layout. */
export const coco = definePart({
  id: '@ma-net/data-coco#coco',
  kind: 'data',
  about: "photographs with boxes and masks in COCO's layout, any classes",
  schema: z.strictObject({
    ...fields,
    /** Room for so many objects an image. */
    objects: count.default(100),
    /** The folder: annotations/instances_train*.json and instances_val*.json, and the images they name. */
    path: z.string().exactOptional(),
    /** Shapes of batches; sides are multiples of the largest stride of the network. */
    buckets: z
      .array(
        z.strictObject({
          /** In pixels. */
          height: count,
          /** In pixels. */
          width: count,
        }),
      )
      .min(1)
      .default([
        { height: 800, width: 1344 },
        { height: 1344, width: 800 },
      ]),
    /** Lengths of the shorter side to draw from; evaluation takes the last one. */
    shorter: z.array(count).min(1).default([800]),
    /** Most that the longer side becomes. */
    longest: count.default(1333),
    /** Whose rule a size is rounded by. */
    rounding: z.enum(['detectron2', 'mmdetection', 'detr']).default('detectron2'),
    /** Probability that an image is mirrored. */
    flip: z.number().min(0).max(1).default(0.5),
    /** DETR's crop: resize to one of `shorter`, cut a part with sides of `least` to `most`, resize again. */
    crop: z
      .strictObject({
        /** That an image is cropped. */
        probability: z.number().min(0).max(1),
        /** Lengths of the shorter side to draw from. */
        shorter: z.array(count).min(1),
        /** Shortest side of the part. */
        least: count,
        /** Longest side of the part. */
        most: count,
      })
      .exactOptional(),
    /** Use only the first so many images. */
    trainLimit: count.exactOptional(),
    /** Use only the first so many test images. */
    testLimit: count.exactOptional(),
  }),
  open: async ({ path, workers, ...options }): Promise<Data<CocoBatch>> => {
    if (path === undefined) {
      throw new MaNetError(
        'not-found',
        'The recipe trains on photographs with objects, and no folder of them was given.',
        {
          where: 'data.path',
          hint: 'pass --data <folder> with annotations/instances_train.json, instances_val.json, train/ and val/.',
        },
      );
    }
    const [{ readCoco }, { cocoData }, { cocoMakers }] = await Promise.all([
      import('./folder.ts'),
      import('./coco-data.ts'),
      import('./photo-collate.ts'),
    ]);
    return cocoData(await readCoco(path, options.objects), options, cocoMakers(workers));
  },
});

export const parts = [scenes, coco];
