import { MaNetError } from './errors.ts';

/** That many bytes of 0, for the file `where`. Throws `out-of-memory` where there are not as many, or never can be in one array. */
export function allocateBytes(length: number, where: string): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new MaNetError(
      'out-of-memory',
      `There is no memory for ${(length / 2 ** 30).toFixed(1)} GiB of this file.`,
      { where, hint: 'use a machine with more memory, or a smaller network.', cause },
    );
  }
}
