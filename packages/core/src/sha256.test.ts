// The two ways to a SHA-256, against the examples of the standard (FIPS 180-2, appendix B) and each other.

import { describe, expect, test } from 'vitest';
import { Rng } from './rng.ts';
import { sha256 as inBrowsers } from './sha256.browser.ts';
import { sha256 as inNode } from './sha256.node.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe.each([
  ['in Node', inNode],
  ['in browsers', inBrowsers],
])('%s', (_, sha256) => {
  test.each([
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ])('of "%s"', (message, expected) => {
    expect(sha256([text(message)])).toBe(expected);
    expect(sha256([...message].map(text))).toBe(expected);
  });
});

test('they agree on bytes at any offset', () => {
  const rng = Rng.fromSeed(3);
  const bytes = Uint8Array.from({ length: 5000 }, () => rng.integer(256));
  for (let i = 0; i < 20; i++) {
    const parts = [bytes.subarray(rng.integer(2000), 2000 + rng.integer(3000))];
    expect(inBrowsers(parts)).toBe(inNode(parts));
  }
});
