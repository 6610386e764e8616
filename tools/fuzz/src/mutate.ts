// Ways of damaging a file: by accident, and on purpose. All follow from a seeded source of random numbers.

import type { Rng } from '@ma-net/core';

/** Names and values that readers are known to trip over. */
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  '../../x',
  '\u001b[2J',
  'x'.repeat(5000),
];
const VALUES = [
  'null',
  '-1',
  '0',
  '1e15',
  '1e308',
  '4e18',
  '0.5',
  '[]',
  '{}',
  '""',
  'true',
  '[[[[]]]]',
  '{"__proto__":{"polluted":1}}',
];

/** The bytes with one to three accidents. */
export function damaged(bytes: Uint8Array, rng: Rng): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let n = rng.integer(3); n >= 0; n--) result = ACCIDENTS[rng.integer(ACCIDENTS.length)]!(result, rng);
  return result;
}

type Accident = (bytes: Uint8Array, rng: Rng) => Uint8Array;

const place = (bytes: Uint8Array, rng: Rng): number => rng.integer(bytes.length + 1);

const ACCIDENTS: readonly Accident[] = [
  // A bit.
  (bytes, rng) => {
    if (bytes.length > 0) bytes[rng.integer(bytes.length)]! ^= 1 << rng.integer(8);
    return bytes;
  },
  // A byte.
  (bytes, rng) => {
    if (bytes.length > 0) bytes[rng.integer(bytes.length)] = rng.integer(256);
    return bytes;
  },
  // The end is missing.
  (bytes, rng) => bytes.slice(0, place(bytes, rng)),
  // A stretch is zero, as after a power cut.
  (bytes, rng) => bytes.fill(0, place(bytes, rng), place(bytes, rng)),
  // A stretch is there twice.
  (bytes, rng) => {
    const [a, b] = [place(bytes, rng), place(bytes, rng)];
    return joined(bytes.subarray(0, Math.max(a, b)), bytes.subarray(Math.min(a, b)));
  },
  // Something follows, or stands before.
  (bytes, rng) =>
    joined(
      bytes,
      Uint8Array.from({ length: rng.integer(40) }, () => rng.integer(256)),
    ),
  (bytes, rng) =>
    joined(
      Uint8Array.from({ length: rng.integer(12) }, () => rng.integer(256)),
      bytes,
    ),
];

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** JSON, or text with JSON in it, in which a name or a value is another one. */
export function forged(text: string, rng: Rng): string {
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/g)];
  const token = tokens[rng.integer(Math.max(1, tokens.length))];
  if (token === undefined) return NAMES[rng.integer(NAMES.length)]!;
  const isName = token[0].startsWith('"') && rng.integer(2) === 0;
  const other = isName
    ? JSON.stringify(NAMES[rng.integer(NAMES.length)]!)
    : VALUES[rng.integer(VALUES.length)]!;
  return text.slice(0, token.index) + other + text.slice(token.index + token[0].length);
}

/** One of some values. */
export function oneOf<T>(values: readonly T[], rng: Rng): T {
  return values[rng.integer(values.length)]!;
}

/** A name of a tensor that is not what it was. */
export function otherName(name: string, rng: Rng): string {
  const odd = oneOf(NAMES, rng);
  const slash = name.indexOf('/');
  return oneOf(
    [odd, `${odd}${name.slice(slash)}`, `${name.slice(0, slash + 1)}${odd}`, `${name}.${odd}`],
    rng,
  );
}
