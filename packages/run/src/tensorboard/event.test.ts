import { expect, test } from 'vitest';
import { encodeEvent } from './event.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

// Field n of kind k begins with the byte 8 n + k: 1 is eight bytes, 0 a varint, 2 a length and as many bytes, 5 four bytes.
test('an event is the bytes that its fields say', () => {
  // 1.5 is 0x3ff8000000000000, 0.5 as a float 0x3f000000.
  expect(hex(encodeEvent({ wallTime: 1.5, step: 300, scalars: { ab: 0.5 } }))).toBe(
    `09${'000000000000f83f'}${'10ac02'}2a0b${'0a09'}${'0a026162'}${'150000003f'}`,
  );
  expect(hex(encodeEvent({ wallTime: 1.5, version: 'v' }))).toBe('09000000000000f83f1a0176');
  expect(hex(encodeEvent({ wallTime: 1.5, step: 1, starts: true }))).toBe('09000000000000f83f10013a020801');
});
