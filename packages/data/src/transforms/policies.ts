// Learned and random policies of photometric and geometric changes: AutoAugment for CIFAR-10 (Cubuk et al. 2019),
// RandAugment (Cubuk et al. 2020) as torchvision has it, and the increasing variant that timm trains transformers
// with ("rand-m9-mstd0.5-inc1"; pixels are taken from the nearest one, where timm interpolates).

import type { Rng } from '@ma-net/core';
import {
  autoContrast,
  brightness,
  contrast,
  equalize,
  invert,
  posterize,
  saturation,
  sharpness,
  solarize,
  solarizeAdd,
} from './colour.ts';
import type { Picture } from './picture.ts';
import { type Fill, rotate, shearX, shearY, translateX, translateY } from './warp.ts';

type Change = (picture: Picture, magnitude: number, fill?: Fill) => Picture;

/** Each change with the meaning of its magnitude: a factor less 1, a slope, degrees, pixels, bits, a threshold. */
export const CHANGES = {
  Identity: (picture) => picture,
  ShearX: shearX,
  ShearY: shearY,
  TranslateX: (picture, pixels, fill) => translateX(picture, Math.trunc(pixels), fill),
  TranslateY: (picture, pixels, fill) => translateY(picture, Math.trunc(pixels), fill),
  Rotate: rotate,
  Brightness: (picture, m) => brightness(picture, 1 + m),
  Color: (picture, m) => saturation(picture, 1 + m),
  Contrast: (picture, m) => contrast(picture, 1 + m),
  Sharpness: (picture, m) => sharpness(picture, 1 + m),
  Posterize: (picture, bits) => posterize(picture, Math.trunc(bits)),
  Solarize: solarize,
  AutoContrast: autoContrast,
  Equalize: equalize,
  Invert: invert,
} satisfies Record<string, Change>;

export type ChangeName = keyof typeof CHANGES;

/** Strength of a change at bin `k` of `bins`, for a picture of a size. Signed ones are negated half of the time. */
export function strengthOf(
  name: ChangeName,
  k: number,
  bins: number,
  { height, width }: { readonly height: number; readonly width: number },
): { readonly magnitude: number; readonly signed: boolean } {
  const part = k / (bins - 1);
  switch (name) {
    case 'ShearX':
    case 'ShearY':
      return { magnitude: 0.3 * part, signed: true };
    case 'TranslateX':
      return { magnitude: (150 / 331) * width * part, signed: true };
    case 'TranslateY':
      return { magnitude: (150 / 331) * height * part, signed: true };
    case 'Rotate':
      return { magnitude: 30 * part, signed: true };
    case 'Brightness':
    case 'Color':
    case 'Contrast':
    case 'Sharpness':
      return { magnitude: 0.9 * part, signed: true };
    case 'Posterize':
      return { magnitude: 8 - Math.round(4 * part), signed: false };
    case 'Solarize':
      return { magnitude: 255 * (1 - part), signed: false };
    case 'Identity':
    case 'AutoContrast':
    case 'Equalize':
    case 'Invert':
      return { magnitude: 0, signed: false };
  }
}

function change(
  picture: Picture,
  name: ChangeName,
  k: number,
  bins: number,
  rng: Rng,
  fill: Fill | undefined,
): Picture {
  const { magnitude, signed } = strengthOf(name, k, bins, picture);
  const sign = signed && rng.integer(2) === 1 ? -1 : 1;
  return CHANGES[name](picture, sign * magnitude, fill);
}

const RANDOM = Object.keys(CHANGES).filter((name) => name !== 'Invert') as ChangeName[];

export interface RandAugment {
  /** Changes of an image; 2 unless given. */
  readonly changes?: number;
  /** 0 to 30; 9 unless given. */
  readonly magnitude?: number;
}

/** So many changes, each one of fourteen, all of one magnitude. */
export function randAugment(
  picture: Picture,
  { changes = 2, magnitude = 9 }: RandAugment,
  rng: Rng,
  fill?: Fill,
): Picture {
  let out = picture;
  for (let i = 0; i < changes; i++) {
    out = change(out, RANDOM[rng.integer(RANDOM.length)]!, magnitude, 31, rng, fill);
  }
  return out;
}

type Step = readonly [name: ChangeName, probability: number, bin: number];

/** Table 7 of the AutoAugment paper, which is of ten bins. */
export const AUTO_AUGMENT_CIFAR: readonly (readonly [Step, Step])[] = [
  [
    ['Invert', 0.1, 0],
    ['Contrast', 0.2, 6],
  ],
  [
    ['Rotate', 0.7, 2],
    ['TranslateX', 0.3, 9],
  ],
  [
    ['Sharpness', 0.8, 1],
    ['Sharpness', 0.9, 3],
  ],
  [
    ['ShearY', 0.5, 8],
    ['TranslateY', 0.7, 9],
  ],
  [
    ['AutoContrast', 0.5, 0],
    ['Equalize', 0.9, 0],
  ],
  [
    ['ShearY', 0.2, 7],
    ['Posterize', 0.3, 7],
  ],
  [
    ['Color', 0.4, 3],
    ['Brightness', 0.6, 7],
  ],
  [
    ['Sharpness', 0.3, 9],
    ['Brightness', 0.7, 9],
  ],
  [
    ['Equalize', 0.6, 0],
    ['Equalize', 0.5, 0],
  ],
  [
    ['Contrast', 0.6, 7],
    ['Sharpness', 0.6, 5],
  ],
  [
    ['Color', 0.7, 7],
    ['TranslateX', 0.5, 8],
  ],
  [
    ['Equalize', 0.3, 0],
    ['AutoContrast', 0.4, 0],
  ],
  [
    ['TranslateY', 0.4, 3],
    ['Sharpness', 0.2, 6],
  ],
  [
    ['Brightness', 0.9, 6],
    ['Color', 0.2, 8],
  ],
  [
    ['Solarize', 0.5, 2],
    ['Invert', 0, 0],
  ],
  [
    ['Equalize', 0.2, 0],
    ['AutoContrast', 0.6, 0],
  ],
  [
    ['Equalize', 0.2, 0],
    ['Equalize', 0.6, 0],
  ],
  [
    ['Color', 0.9, 9],
    ['Equalize', 0.6, 0],
  ],
  [
    ['AutoContrast', 0.8, 0],
    ['Solarize', 0.2, 8],
  ],
  [
    ['Brightness', 0.1, 3],
    ['Color', 0.7, 0],
  ],
  [
    ['Solarize', 0.4, 5],
    ['AutoContrast', 0.9, 0],
  ],
  [
    ['TranslateY', 0.9, 9],
    ['TranslateY', 0.7, 9],
  ],
  [
    ['AutoContrast', 0.9, 0],
    ['Solarize', 0.8, 3],
  ],
  [
    ['Equalize', 0.8, 0],
    ['Invert', 0.1, 0],
  ],
  [
    ['TranslateY', 0.7, 9],
    ['AutoContrast', 0.9, 0],
  ],
];

/** One of 25 learned pairs of changes, each done with its probability. */
export function autoAugmentCifar(picture: Picture, rng: Rng, fill?: Fill): Picture {
  let out = picture;
  for (const [name, probability, bin] of AUTO_AUGMENT_CIFAR[rng.integer(AUTO_AUGMENT_CIFAR.length)]!) {
    if (rng.uniform() < probability) out = change(out, name, bin, 10, rng, fill);
  }
  return out;
}

/** The mean colour of ImageNet, which the increasing variant fills with. */
const MEAN_COLOUR: Fill = [124, 116, 104];

/** Argument of a change at a level of 0 to 10; `signed` ones are negated (or lie below 1) half of the time. */
export const INCREASING = {
  AutoContrast: { change: autoContrast, argument: () => 0, signed: false },
  Equalize: { change: equalize, argument: () => 0, signed: false },
  Invert: { change: invert, argument: () => 0, signed: false },
  Rotate: { change: rotate, argument: (level) => 3 * level, signed: true },
  PosterizeIncreasing: {
    // No bit at all is left as it is, so that no image becomes black.
    change: (picture, bits) => (bits === 0 ? picture : posterize(picture, bits)),
    argument: (level) => 4 - Math.trunc(0.4 * level),
    signed: false,
  },
  SolarizeIncreasing: {
    change: solarize,
    argument: (level) => 256 - Math.trunc(25.6 * level),
    signed: false,
  },
  SolarizeAdd: {
    change: solarizeAdd,
    argument: (level) => Math.min(128, Math.trunc(11 * level)),
    signed: false,
  },
  ColorIncreasing: { change: CHANGES.Color, argument: (level) => 0.09 * level, signed: true },
  ContrastIncreasing: { change: CHANGES.Contrast, argument: (level) => 0.09 * level, signed: true },
  BrightnessIncreasing: { change: CHANGES.Brightness, argument: (level) => 0.09 * level, signed: true },
  SharpnessIncreasing: { change: CHANGES.Sharpness, argument: (level) => 0.09 * level, signed: true },
  ShearX: { change: shearX, argument: (level) => 0.03 * level, signed: true },
  ShearY: { change: shearY, argument: (level) => 0.03 * level, signed: true },
  TranslateXRel: {
    change: (picture, part, fill) => translateX(picture, part * picture.width, fill),
    argument: (level) => 0.045 * level,
    signed: true,
  },
  TranslateYRel: {
    change: (picture, part, fill) => translateY(picture, part * picture.height, fill),
    argument: (level) => 0.045 * level,
    signed: true,
  },
} satisfies Record<string, { change: Change; argument: (level: number) => number; signed: boolean }>;

/** Two changes, each done half of the time, at a level drawn around 9 with standard deviation 1/2. */
export function randAugmentIncreasing(picture: Picture, rng: Rng): Picture {
  const all = Object.values(INCREASING);
  let out = picture;
  for (let i = 0; i < 2; i++) {
    const { change, argument, signed } = all[rng.integer(all.length)]!;
    if (rng.uniform() >= 0.5) continue;
    const level = Math.min(10, Math.max(0, 9 + rng.normals(1, 0.5)[0]!));
    const sign = signed && rng.integer(2) === 1 ? -1 : 1;
    out = change(out, sign * argument(level), MEAN_COLOUR);
  }
  return out;
}
