// How an image is looked at: resized, cut, mirrored. What stands in it goes along.

import {
  cut,
  fittedSize,
  mirror,
  type Picture,
  resize,
  type ResizeRule,
  resizedSize,
  type Size,
} from '@ma-net/data';
import type { Rng } from '@ma-net/core';
import { decodeMask, polygonsToRle, type Rle } from '@ma-net/metrics';
import type { Segmentation } from './objects.ts';

export interface ViewOptions {
  /** Lengths of the shorter side to draw from; evaluation takes the last one. */
  readonly shorter: readonly number[];
  readonly longest: number;
  readonly rounding: ResizeRule['rounding'];
  /** Probability that an image is mirrored. */
  readonly flip?: number;
  /** DETR's crop: with `probability`, resize to one of `shorter`, cut a part with sides of `least` to `most`, go on. */
  readonly crop?: {
    readonly probability: number;
    readonly shorter: readonly number[];
    readonly least: number;
    readonly most: number;
  };
}

/** One step of a view. */
type Step =
  | { readonly kind: 'resize'; readonly size: Size }
  | { readonly kind: 'cut'; readonly top: number; readonly left: number; readonly size: Size }
  | { readonly kind: 'mirror' };

/** What is done to one image: steps, and where its points go, x' = scaleX * x + shiftX. */
export interface View {
  readonly steps: readonly Step[];
  /** Of the result. */
  readonly size: Size;
  readonly x: Line;
  readonly y: Line;
}

interface Line {
  readonly scale: number;
  readonly shift: number;
}

/** The view of an image as it is evaluated, no larger than `room`. */
export function plainView(image: Size, options: ViewOptions, room: Size): View {
  return viewOf(image, [
    { kind: 'resize', size: fittedSize(image, ruleOf(options, options.shorter.at(-1)!), room) },
  ]);
}

/** A view drawn by `rng`, no larger than `room`. */
export function drawView(image: Size, options: ViewOptions, room: Size, rng: Rng): View {
  const steps: Step[] = [];
  let size = image;
  const { crop, flip = 0 } = options;
  if (rng.split('flip').uniform() < flip) steps.push({ kind: 'mirror' });
  if (crop !== undefined && rng.split('crop').uniform() < crop.probability) {
    const draws = rng.split('window');
    const shorter = crop.shorter[draws.integer(crop.shorter.length)]!;
    size = resizedSize(size, { shorter, longest: Infinity, rounding: options.rounding });
    steps.push({ kind: 'resize', size });
    const side = (length: number): number => {
      const most = Math.min(crop.most, length);
      const least = Math.min(crop.least, length);
      return least + draws.integer(most - least + 1);
    };
    const window: Size = [side(size[0]), side(size[1])];
    const [top, left] = [draws.integer(size[0] - window[0] + 1), draws.integer(size[1] - window[1] + 1)];
    steps.push({ kind: 'cut', top, left, size: window });
    size = window;
  }
  const shorter = options.shorter[rng.split('resize').integer(options.shorter.length)]!;
  steps.push({ kind: 'resize', size: fittedSize(size, ruleOf(options, shorter), room) });
  return viewOf(image, steps);
}

/** Pixels of a view. */
export function viewedPicture(picture: Picture, { steps }: View): Picture {
  return steps.reduce((seen, step) => {
    if (step.kind === 'mirror') return mirror(seen);
    const [height, width] = step.size;
    if (step.kind === 'cut') return cut(seen, { top: step.top, left: step.left, height, width });
    return seen.height === height && seen.width === width ? seen : resize(seen, { height, width });
  }, picture);
}

/** A box x0, y0, x1, y1 in a view, cut off at its border; undefined where nothing of it is left. */
export function viewedBox(
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  { size: [height, width], x, y }: View,
): readonly [number, number, number, number] | undefined {
  const side = (line: Line, a: number, b: number, length: number): readonly [number, number] => {
    const [from, to] = [line.scale * a + line.shift, line.scale * b + line.shift];
    const held = (value: number): number => Math.min(Math.max(value, 0), length);
    return [held(Math.min(from, to)), held(Math.max(from, to))];
  };
  const [left, right] = side(x, x0, x1, width);
  const [top, bottom] = side(y, y0, y1, height);
  return right > left && bottom > top ? [left, top, right, bottom] : undefined;
}

/**
 * The mask of an object in a view [height, width], 0 and 1: polygons are moved and drawn there, run lengths are drawn
 * and take the nearest pixel, as detectron2 does.
 */
export function viewedMask(segmentation: Segmentation, { size: [height, width], x, y }: View): Uint8Array {
  if ('polygons' in segmentation) {
    const moved = segmentation.polygons.map((points) =>
      points.map((value, i) => (i % 2 === 0 ? x.scale * value + x.shift : y.scale * value + y.shift)),
    );
    return decodeMask(polygonsToRle(moved, height, width));
  }
  const [rows, columns] = segmentation.rle.size;
  const mask = decodeMask(segmentation.rle);
  const from = (line: Line, count: number, length: number): Int32Array =>
    Int32Array.from({ length }, (_, i) => {
      const at = Math.floor((i + 0.5 - line.shift) / line.scale);
      return Math.min(Math.max(at, 0), count - 1);
    });
  const [rowOf, columnOf] = [from(y, rows, height), from(x, columns, width)];
  return Uint8Array.from({ length: height * width }, (_, i) => {
    return mask[rowOf[Math.floor(i / width)]! * columns + columnOf[i % width]!]!;
  });
}

/** The mask of an object in the whole image [height, width]. */
export function wholeMask(segmentation: Segmentation, [height, width]: Size): Rle {
  return 'rle' in segmentation ? segmentation.rle : polygonsToRle(segmentation.polygons, height, width);
}

function ruleOf({ longest, rounding }: ViewOptions, shorter: number): ResizeRule {
  return { shorter, longest, rounding };
}

function viewOf(image: Size, steps: readonly Step[]): View {
  let size = image;
  let [x, y]: [Line, Line] = [IDENTITY, IDENTITY];
  for (const step of steps) {
    if (step.kind === 'mirror') x = { scale: -x.scale, shift: size[1] - x.shift };
    else {
      const [vertical, horizontal] =
        step.kind === 'resize' ? [step.size[0] / size[0], step.size[1] / size[1]] : [1, 1];
      const [top, left] = step.kind === 'cut' ? [step.top, step.left] : [0, 0];
      x = { scale: x.scale * horizontal, shift: x.shift * horizontal - left };
      y = { scale: y.scale * vertical, shift: y.shift * vertical - top };
      size = step.size;
    }
  }
  return { steps, size, x, y };
}

const IDENTITY: Line = { scale: 1, shift: 0 };
