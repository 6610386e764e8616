// Scenes: real handwritten digits on a textured ground, several to an image, of many sizes and colours, one in front of
// the other. Small enough to train a detector on in minutes, and made, not downloaded: scene number i is always the
// same, and training scenes show no digit that test scenes show.

import { type Dataset, Rng } from '@ma-net/core';
import { type ImageSet, type Picture, resize } from '@ma-net/data';
import { encodeMask } from '@ma-net/metrics';
import type { CocoSample } from './collate.ts';
import type { CocoAnnotation } from './objects.ts';

export interface SceneOptions {
  readonly name: string;
  /** Scenes in all. */
  readonly size: number;
  /** [height, width] of a scene. */
  readonly sides: readonly [height: number, width: number];
  /** Fewest and most digits of a scene; fewer where there is no room. */
  readonly objects: readonly [number, number];
  /** Smallest and largest side of a digit, in pixels. */
  readonly digit: readonly [number, number];
  readonly seed: number;
}

/** Ink from which on a pixel belongs to a digit. */
const INKED = 0.5;
/** A digit of which less is to be seen is taken away again. */
const LEAST_SEEN = 0.4;
/** Attempts to find room for a digit. */
const ATTEMPTS = 20;

/** Scenes of the digits in `set`, whose classes are theirs. */
export function scenes(set: ImageSet, options: SceneOptions): Dataset<CocoSample> {
  const { name, size, sides } = options;
  const root = Rng.fromSeed(options.seed).split('scenes').split(set.fingerprint);
  return {
    name,
    size,
    fingerprint: `scenes ${JSON.stringify({ ...options, digits: set.fingerprint })}`,
    sizeOf: () => sides,
    read: async (index) => {
      const { picture, objects } = compose(set, options, root.split(index));
      return { image: picture, index, objects, where: `scene ${index} of "${name}"` };
    },
  };
}

interface Placed {
  readonly label: number;
  /** 1 where it has ink, [height, width] of the scene. */
  readonly mask: Uint8Array;
  readonly pixels: number;
}

function compose(
  set: ImageSet,
  { sides: [height, width], objects: [fewest, most], digit: [smallest, largest] }: SceneOptions,
  rng: Rng,
): { readonly picture: Picture; readonly objects: readonly CocoAnnotation[] } {
  const data = ground(height, width, rng.split('ground'));
  const draws = rng.split('digits');
  const count = fewest + draws.integer(most - fewest + 1);
  const placed: Placed[] = [];
  for (let n = 0; n < count; n++) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // Sizes are drawn evenly on a scale of doublings.
      const span = Math.log(largest / smallest);
      const side = Math.min(Math.round(smallest * Math.exp(span * draws.uniform())), height, width);
      const [top, left] = [draws.integer(height - side + 1), draws.integer(width - side + 1)];
      const index = draws.integer(set.labels.length);
      const ink = inkOf(set, index, side);
      const colour = [0, 1, 2].map(() => draws.integer(256));
      const mask = new Uint8Array(height * width);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          if (ink[y * side + x]! >= INKED) mask[(top + y) * width + left + x] = 1;
        }
      }
      if (hides(mask, placed)) continue;
      for (const other of placed) other.mask.forEach((seen, i) => (other.mask[i] = seen & ~mask[i]!));
      placed.push({ label: set.labels[index]!, mask, pixels: sum(mask) });
      paint(data, ink, side, top, left, width, contrasting(colour, data, top, left, side, width));
      break;
    }
  }
  return {
    picture: { height, width, channels: 3, data },
    objects: placed.map(({ label, mask }, i) => annotationOf(mask, label, i + 1, height, width)),
  };
}

/** Whether too little of a digit would be left. */
function hides(mask: Uint8Array, placed: readonly Placed[]): boolean {
  return placed.some((other) => {
    const left = other.mask.reduce((count, seen, i) => count + Number(seen === 1 && mask[i] === 0), 0);
    return left < LEAST_SEEN * other.pixels;
  });
}

/** Ink of a digit from 0 to 1, [side, side]. */
function inkOf(
  { images, shape: [height, width], white }: ImageSet,
  index: number,
  side: number,
): Float32Array {
  const data = Uint8Array.from(
    images.subarray(index * height * width, (index + 1) * height * width),
    (value) => (255 * value) / white,
  );
  const large = resize({ height, width, channels: 1, data }, { height: side, width: side });
  return Float32Array.from(large.data, (value) => value / 255);
}

function paint(
  data: Uint8Array,
  ink: Float32Array,
  side: number,
  top: number,
  left: number,
  width: number,
  colour: readonly number[],
): void {
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const part = Math.min(1, ink[y * side + x]! / INKED) ** 2;
      const at = 3 * ((top + y) * width + left + x);
      for (let c = 0; c < 3; c++) data[at + c] = Math.round((1 - part) * data[at + c]! + part * colour[c]!);
    }
  }
}

/** The colour, or what is opposite, whichever is further from the ground that it is painted on. */
function contrasting(
  colour: readonly number[],
  data: Uint8Array,
  top: number,
  left: number,
  side: number,
  width: number,
): readonly number[] {
  const mean = [0, 0, 0];
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) {
      for (let c = 0; c < 3; c++) mean[c]! += data[3 * (y * width + x) + c]! / (side * side);
    }
  }
  const opposite = colour.map((value) => 255 - value);
  const distance = (other: readonly number[]): number =>
    other.reduce((total, value, c) => total + Math.abs(value - mean[c]!), 0);
  return distance(colour) >= distance(opposite) ? colour : opposite;
}

/** Waves of a few lengths and directions in two colours, with grain. */
function ground(height: number, width: number, rng: Rng): Uint8Array {
  const waves = Array.from({ length: 4 }, () => ({
    down: (rng.uniform() - 0.5) * 0.4,
    across: (rng.uniform() - 0.5) * 0.4,
    phase: rng.uniform() * 2 * Math.PI,
  }));
  const [from, to] = [0, 1].map(() => [0, 1, 2].map(() => 60 + rng.integer(136))) as [number[], number[]];
  const grain = rng.normals(height * width, 6);
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const height01 =
        0.5 +
        waves.reduce((total, { down, across, phase }) => total + Math.sin(down * y + across * x + phase), 0) /
          8;
      for (let c = 0; c < 3; c++) {
        const value = from[c]! + (to[c]! - from[c]!) * height01 + grain[y * width + x]!;
        data[3 * (y * width + x) + c] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return data;
}

/** What is to be seen of a digit. */
function annotationOf(
  mask: Uint8Array,
  label: number,
  id: number,
  height: number,
  width: number,
): CocoAnnotation {
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  mask.forEach((seen, i) => {
    if (seen === 0) return;
    const [y, x] = [Math.floor(i / width), i % width];
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
  });
  return {
    id,
    label,
    box: [x0, y0, x1, y1],
    crowd: false,
    area: sum(mask),
    segmentation: { rle: encodeMask(mask, height, width) },
  };
}

function sum(mask: Uint8Array): number {
  return mask.reduce((total, value) => total + value, 0);
}
