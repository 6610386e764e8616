import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { packMask, unpackMask } from './mask-text.ts';

describe('masks as text', () => {
  test('lowest bit first', () => {
    // 1 + 4 = 5 and, in the second byte, 1: "BQE=".
    expect(packMask(Uint8Array.of(1, 0, 1, 0, 0, 0, 0, 0, 1))).toBe('BQE=');
  });

  test.each([0, 1, 7, 8, 9, 64, 1000])('%i entries come back', (size) => {
    const mask = Uint8Array.from(Rng.fromSeed(size).uniforms(size, 0, 1), (x) => Number(x < 0.4));
    expect(unpackMask(packMask(mask), size, 'here')).toEqual(mask);
  });

  test('damage is refused', () => {
    for (const text of ['AAAA', 'not base64!', '']) {
      expect(() => unpackMask(text, 9, 'here')).toThrowError(expect.objectContaining({ code: 'bad-data' }));
    }
  });
});
