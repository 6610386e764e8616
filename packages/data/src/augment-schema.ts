// What a recipe may say of `augment`: the fields of Augmentation, checked where they are read.

import { z } from 'zod';

const probability = z.number().min(0).max(1);
const positive = z.number().positive();
const amount = z.number().min(0);

export const augmentFields = {
  /** Mirror left and right with probability 1/2. */
  flip: z.boolean().default(false),
  /** Zeros around the image before a random crop of its size. */
  padCrop: z.int().min(0).default(0),
  /** Pixel value of what is padded; the channel means unless given. */
  padValue: z.number().exactOptional(),
  /** A published policy of changes; numbers are RandAugment's. */
  policy: z
    .union([
      z.enum(['autoaugment-cifar', 'randaugment-increasing']),
      z.strictObject({
        /** Changes of an image. */
        changes: z.int().min(1).exactOptional(),
        /** How strong they are, 0 to 30. */
        magnitude: z.number().min(0).max(30).exactOptional(),
      }),
    ])
    .exactOptional(),
  /** How far each is drawn from 1 on both sides; hue in turns of the circle. */
  jitter: z
    .strictObject({
      /** Brightness. */
      brightness: amount.exactOptional(),
      /** Contrast. */
      contrast: amount.exactOptional(),
      /** Saturation. */
      saturation: amount.exactOptional(),
      /** Hue, in turns of the circle. */
      hue: z.number().min(0).max(0.5).exactOptional(),
      /** That anything is done; 1 unless given. */
      probability: probability.exactOptional(),
    })
    .exactOptional(),
  /** Probability of an image without colours. */
  grey: probability.exactOptional(),
  /** Side of a square of zeros. */
  cutout: z.int().min(0).default(0),
  /** Probability of a box of noise. */
  erase: probability.exactOptional(),
  /** Of the Beta distribution that the shares of two mixed images are drawn from; classification alone knows them. */
  mixup: amount.exactOptional(),
  /** As mixup, where a box of one image replaces that of another. */
  cutmix: amount.exactOptional(),
};

/** A random box of the image, resized. */
export const resizedCropField = z.strictObject({
  /** Part of the area. */
  scale: z.tuple([positive, positive]).default([0.08, 1]),
  /** Width over height. */
  ratio: z.tuple([positive, positive]).default([3 / 4, 4 / 3]),
  /** Of the resizing. */
  interpolation: z.enum(['bilinear', 'bicubic']).default('bilinear'),
});
