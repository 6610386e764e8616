import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { crc32c, tfRecord } from './record.ts';

describe('crc32c', () => {
  test.each([
    // RFC 3720, appendix B.4.
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    // The check value of the catalogue of CRCs.
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_, bytes, expected) => expect(crc32c(bytes)).toBe(expected));
});

test('tfRecord frames bytes so that their length and both checksums can be read again', () => {
  const unmasked = (stored: number): number => {
    const rotated = (stored - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  const rng = Rng.fromSeed(4);
  for (const length of [0, 1, 7, 300]) {
    const data = Uint8Array.from({ length }, () => rng.integer(256));
    const record = tfRecord(data);
    const view = new DataView(record.buffer);
    expect(record).toHaveLength(length + 16);
    expect(view.getBigUint64(0, true)).toBe(BigInt(length));
    expect(unmasked(view.getUint32(8, true))).toBe(crc32c(record.subarray(0, 8)));
    expect(record.subarray(12, 12 + length)).toEqual(data);
    expect(unmasked(view.getUint32(12 + length, true))).toBe(crc32c(data));
  }
});
