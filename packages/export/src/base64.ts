// Base64 with what Node and browsers have in common.

/** Arguments of a call that every engine takes. */
const CHUNK = 2 ** 14;

/** Bytes as text (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  let characters = '';
  for (let at = 0; at < bytes.length; at += CHUNK)
    characters += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(characters);
}

/** The bytes of a text; undefined where it is not what `toBase64` writes. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    const characters = atob(text);
    // Other spellings of the same bytes, with blanks say, are not ours.
    if (btoa(characters) !== text) return undefined;
    return Uint8Array.from(characters, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
