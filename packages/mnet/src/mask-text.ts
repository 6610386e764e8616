// Masks as text: one bit per connection, lowest bit first, base64.

import { MaNetError } from '@ma-net/core';

/** Packs 0/1 entries. */
export function packMask(mask: Uint8Array): string {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((alive, i) => {
    if (alive !== 0) bytes[i >> 3]! |= 1 << (i & 7);
  });
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Unpacks `size` entries; throws `bad-data` when the text does not hold exactly these. */
export function unpackMask(text: string, size: number, where: string): Uint8Array {
  const refuse = (found: string): never => {
    throw new MaNetError(
      'bad-data',
      `The mask is ${found}, expected ${Math.ceil(size / 8)} bytes in base64.`,
      {
        where,
        hint: 'the plan was damaged or edited by hand: plan the pruning again.',
      },
    );
  };
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return refuse('not base64');
  }
  if (binary.length !== Math.ceil(size / 8)) refuse(`${binary.length} bytes`);
  const mask = new Uint8Array(size);
  for (let i = 0; i < size; i++) mask[i] = (binary.charCodeAt(i >> 3) >> (i & 7)) & 1;
  return mask;
}
