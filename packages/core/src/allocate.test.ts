import { expect, test } from 'vitest';
import { allocateBytes } from './allocate.ts';

test('bytes, or how many there are none of', () => {
  expect(allocateBytes(3, 'x')).toEqual(Uint8Array.of(0, 0, 0));
  expect(() => allocateBytes(2 ** 52, 'large.safetensors')).toThrow(
    expect.objectContaining({
      code: 'out-of-memory',
      message: expect.stringMatching(/4194304\.0 GiB of this file\.\n {2}at large\.safetensors/),
    }),
  );
});
