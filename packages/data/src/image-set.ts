import { type Dataset, MaNetError } from '@ma-net/core';
import type { ImageSample } from './sample.ts';

/** Mean and standard deviation of each channel, of pixels that run from 0 to 1. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Labelled images in JS memory. Plain data: `{ ...set, normalisation }` is the same set normalised differently. */
export interface ImageSet {
  readonly name: string;
  /** [N, H, W, C], row-major. */
  readonly images: Uint8Array<ArrayBuffer>;
  /** [N], indices into `classNames`. */
  readonly labels: Int32Array<ArrayBuffer>;
  /** [H, W, C] of one image. */
  readonly shape: readonly [number, number, number];
  readonly classNames: readonly string[];
  /** The pixel value that counts as 1: 255 for photographs. */
  readonly white: number;
  readonly normalisation: Normalisation;
  /** SHA-256 of shape, images and labels, in hexadecimal; what a run records about its data. */
  readonly fingerprint: string;
}

/** A data set as its authors split it. */
export interface Splits {
  readonly train: ImageSet;
  readonly test: ImageSet;
}

/** How much of a data set to read, and how to normalise it. */
export interface ReadOptions {
  /** Use only the first so many training images. */
  readonly trainLimit?: number;
  /** Use only the first so many test images. */
  readonly testLimit?: number;
  /** Instead of the published constants of the data set. */
  readonly normalisation?: Normalisation;
}

/** Checks sizes and labels of a set and adds its fingerprint; keeps the arrays. `bad-data` if they disagree. */
export async function createImageSet(parts: Omit<ImageSet, 'fingerprint'>): Promise<ImageSet> {
  const { name, images, labels, shape, classNames } = parts;
  const [height, width, channels] = shape;
  const pixels = height * width * channels;
  if (labels.length === 0 || images.length !== labels.length * pixels) {
    throw new MaNetError(
      'bad-data',
      `The set "${name}" has ${labels.length} labels and ${images.length} bytes of images; ${labels.length} images of [${shape.join(', ')}] are ${labels.length * pixels} bytes.`,
      { hint: 'give one label per image, at least one image, and images in [N, H, W, C] order.' },
    );
  }
  const wrong = labels.findIndex((label) => label < 0 || label >= classNames.length);
  if (wrong >= 0) {
    throw new MaNetError(
      'bad-data',
      `Label ${labels[wrong]} is not a class: expected 0 to ${classNames.length - 1}.`,
      {
        where: `image ${wrong} of "${name}"`,
        hint: 'labels are indices into classNames.',
      },
    );
  }
  return { ...parts, fingerprint: await fingerprint(shape, images, labels) };
}

async function fingerprint(
  shape: readonly number[],
  images: Uint8Array<ArrayBuffer>,
  labels: Int32Array<ArrayBuffer>,
): Promise<string> {
  const labelBytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
  const parts = [shape.join('x'), await sha256(images), await sha256(labelBytes)];
  return sha256(new TextEncoder().encode(parts.join(' ')));
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A set in memory as a data set by index. */
export function datasetOf(set: ImageSet): Dataset<ImageSample> {
  const [height, width, channels] = set.shape;
  const pixels = height * width * channels;
  return {
    name: set.name,
    size: set.labels.length,
    fingerprint: set.fingerprint,
    sizeOf: () => [height, width],
    labelOf: (index) => set.labels[index]!,
    read: async (index) => ({
      // A copy of its own, so that sending it to a worker sends no more.
      image: { height, width, channels, data: set.images.slice(index * pixels, (index + 1) * pixels) },
      label: set.labels[index]!,
      where: `image ${index} of "${set.name}"`,
    }),
  };
}
