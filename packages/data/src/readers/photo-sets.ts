// What every reader of photographs gives, and what they share.

import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { type Dataset, MaNetError } from '@ma-net/core';
import type { ImageSample } from '../sample.ts';

/** Labelled images as their authors split them; decoded by `photoCollate`, where a batch is made. */
export interface PhotoSets {
  readonly classNames: readonly string[];
  readonly train: Dataset<ImageSample>;
  /** Absent where the folder has one set only: hold a part of it out. */
  readonly test?: Dataset<ImageSample>;
}

/** Mean and standard deviation of ImageNet's training images, which networks for photographs are trained with. */
export const PHOTO_NORMALISATION = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const IMAGE = /\.(jpe?g|png|webp)$/i;

/** JPEG, PNG or WebP by its name; what a hidden file is called does not matter. */
export const isImageName = (name: string): boolean => IMAGE.test(name) && !name.startsWith('.');

/** SHA-256 of lines, in hexadecimal. */
export function fingerprintOf(lines: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** Names in a folder in the order of their code units; `not-found` where there is none. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const problem =
      code === 'ENOENT'
        ? 'There is no such folder.'
        : code === 'ENOTDIR'
          ? 'It is a file, not a folder.'
          : `The folder cannot be read (${code}).`;
    throw new MaNetError('not-found', problem, {
      where: folder,
      hint: 'pass --data a folder with one folder of images for each class.',
      cause,
    });
  }
}

/** The first few of many names, for an error. */
export function some(names: readonly string[], most = 8): string {
  if (names.length === 0) return 'nothing';
  const rest = names.length > most ? `, ... (${names.length})` : '';
  return names.slice(0, most).join(', ') + rest;
}
