// SHA-256 in a browser: its own is asynchronous, and not there at all on a page without https.

import { sha256 as hasher } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** The SHA-256 of the parts, one after the other, in hexadecimal. */
export function sha256(parts: Iterable<Uint8Array>): string {
  const hash = hasher.create();
  for (const part of parts) hash.update(part);
  return bytesToHex(hash.digest());
}
