// How files begin: by that we know those that we wrote.

import { closeSync, openSync, readSync } from 'node:fs';
import { fileError } from '@ma-net/core/node';

/** At most so many bytes of the beginning of a file. Throws what reading it throws, as `MaNetError`. */
export function beginning(path: string, bytes: number): Buffer {
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(bytes);
      return buffer.subarray(0, readSync(file, buffer, 0, bytes, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
