// Photographs as people name them, and the pictures that are made of them.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';

const IMAGES: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.png', '.webp']);

/** Whether a path names a photograph, or a folder that holds some. */
export function isPhotos(path: string): boolean {
  if (IMAGES.has(extname(path).toLowerCase())) return true;
  return existsSync(path) && statSync(path).isDirectory() && readdirSync(path).some(isImage);
}

/** A photo, or all of a folder in the order of their names. Throws `not-found`. */
export function photosAt(path: string): readonly string[] {
  if (!existsSync(path)) {
    throw new MaNetError('not-found', 'There is no such photo.', {
      where: path,
      hint: 'pass JPEG, PNG or WebP files, or a folder of them.',
    });
  }
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter(isImage);
  if (names.length > 0) return names.sort().map((name) => join(path, name));
  throw new MaNetError('not-found', 'There are no photos in this folder.', {
    where: path,
    hint: 'pass a folder with .jpg, .jpeg, .png or .webp files in it.',
  });
}

/** The bytes of a file. Throws `file-failed` and the like, naming it. */
export function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw fileError(error, file);
  }
}

/** A photograph as a data URL. */
export function hrefOfPhoto(bytes: Uint8Array): string {
  return `data:${typeOf(bytes)};base64,${Buffer.from(bytes).toString('base64')}`;
}

/** Of a JPEG, PNG or WebP, by how it begins. */
function typeOf(photo: Uint8Array): string {
  if (photo[0] === 0x89) return 'image/png';
  return photo[0] === 0xff ? 'image/jpeg' : 'image/webp';
}

const isImage = (name: string): boolean => IMAGES.has(extname(name).toLowerCase());
