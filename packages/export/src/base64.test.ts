import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { fromBase64, toBase64 } from './base64.ts';

test.each([0, 1, 2, 3, 100, 70_000])('%i bytes are written as Node writes them, and come back', (length) => {
  const rng = Rng.fromSeed(length);
  const bytes = Uint8Array.from({ length }, () => rng.integer(256));
  const text = toBase64(bytes);
  expect(text).toBe(Buffer.from(bytes).toString('base64'));
  expect(fromBase64(text)).toEqual(bytes);
});

test.each(['A', 'AA', 'AA= =', 'AB==', '\u00e4', ' AAA'])('%j is not ours', (text) => {
  expect(fromBase64(text)).toBeUndefined();
});
