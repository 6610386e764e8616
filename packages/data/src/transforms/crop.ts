// Boxes that augmentation cuts or blanks. Each takes its random numbers, 0 <= u < 1, from `uniform`, so that any
// generator can decide and a box can be checked against another implementation.

import { roundHalfEven } from '@ma-net/core';
import type { Box } from './picture.ts';

type Size = { readonly height: number; readonly width: number };
type Range = readonly [low: number, high: number];

export interface ResizedCrop {
  /** Part of the area; 0.08 to 1 unless given. */
  readonly scale?: Range;
  /** Width over height, drawn evenly in its logarithm; 3/4 to 4/3 unless given. */
  readonly ratio?: Range;
}

const between = ([low, high]: Range, u: number): number => low + (high - low) * u;
const logBetween = ([low, high]: Range, u: number): number =>
  Math.exp(between([Math.log(low), Math.log(high)], u));

/**
 * The box of a random resized crop (Szegedy et al. 2015). What does not fit is drawn again, up to ten times; then
 * the largest box in the middle whose ratio is allowed.
 */
export function resizedCropBox(
  { height, width }: Size,
  { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] }: ResizedCrop,
  uniform: () => number,
): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * between(scale, uniform());
    const aspect = logBetween(ratio, uniform());
    const w = roundHalfEven(Math.sqrt(area * aspect));
    const h = roundHalfEven(Math.sqrt(area / aspect));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const top = Math.floor(uniform() * (height - h + 1));
    const left = Math.floor(uniform() * (width - w + 1));
    return { top, left, height: h, width: w };
  }
  const whole = width / height;
  const h = whole < ratio[0] ? roundHalfEven(width / ratio[0]) : height;
  const w = whole > ratio[1] ? roundHalfEven(height * ratio[1]) : width;
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}

/** The box of random erasing (Zhong et al. 2020); undefined where ten draws did not fit. */
export function erasedBox({ height, width }: Size, uniform: () => number): Box | undefined {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * between([0.02, 1 / 3], uniform());
    const aspect = logBetween([0.3, 1 / 0.3], uniform());
    const h = roundHalfEven(Math.sqrt(area * aspect));
    const w = roundHalfEven(Math.sqrt(area / aspect));
    if (w >= width || h >= height) continue;
    const top = Math.floor(uniform() * (height - h + 1));
    const left = Math.floor(uniform() * (width - w + 1));
    return { top, left, height: h, width: w };
  }
  return undefined;
}

/** A box of side `length` around [y, x], clipped at the border: cutout (DeVries & Taylor 2017). */
export function squareAround({ height, width }: Size, length: number, y: number, x: number): Box {
  const half = Math.floor(length / 2);
  const top = Math.max(0, y - half);
  const left = Math.max(0, x - half);
  return {
    top,
    left,
    height: Math.max(0, Math.min(height, y - half + length) - top),
    width: Math.max(0, Math.min(width, x - half + length) - left),
  };
}

/**
 * What cutmix takes from the other image: a box of 1 - `own` of the area around [y, x], clipped. `own` becomes the
 * share that is really left.
 */
export function mixedBox(
  { height, width }: Size,
  own: number,
  y: number,
  x: number,
): { box: Box; own: number } {
  const side = Math.sqrt(1 - own);
  const [cutH, cutW] = [Math.trunc(height * side), Math.trunc(width * side)];
  const clip = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  const [top, bottom] = [y - Math.floor(cutH / 2), y + Math.floor(cutH / 2)].map((v) => clip(v, height));
  const [left, right] = [x - Math.floor(cutW / 2), x + Math.floor(cutW / 2)].map((v) => clip(v, width));
  const box = { top: top!, left: left!, height: bottom! - top!, width: right! - left! };
  return { box, own: 1 - (box.height * box.width) / (height * width) };
}
