import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createImageSet } from './image-set.ts';

const parts = {
  name: 'two',
  images: Uint8Array.of(1, 2, 3, 4),
  labels: Int32Array.of(0, 1),
  shape: [1, 2, 1] as const,
  classNames: ['a', 'b'],
  white: 255,
  normalisation: { mean: [0], std: [1] },
};

describe('createImageSet', () => {
  test('fingerprints shape, images and labels', async () => {
    const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
    // Labels are int32, little-endian.
    const text = `1x2x1 ${sha256(parts.images)} ${sha256(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0))}`;
    expect((await createImageSet(parts)).fingerprint).toBe(sha256(text));
  });

  test.each([
    ['pixel', { images: Uint8Array.of(1, 2, 3, 5) }],
    ['label', { labels: Int32Array.of(0, 0) }],
    ['shape', { shape: [2, 1, 1] as const }],
  ])('gives another %s another fingerprint', async (_, change) => {
    const [one, other] = await Promise.all([createImageSet(parts), createImageSet({ ...parts, ...change })]);
    expect(other.fingerprint).not.toBe(one.fingerprint);
  });

  test.each([
    ['too few bytes', { images: new Uint8Array(3) }, /2 labels and 3 bytes.*4 bytes/],
    ['no images', { images: new Uint8Array(0), labels: new Int32Array(0) }, /0 labels/],
    ['a label past the classes', { labels: Int32Array.of(0, 2) }, /Label 2 .*0 to 1[^]*image 1 of "two"/],
    ['a negative label', { labels: Int32Array.of(-1, 0) }, /Label -1[^]*image 0 of "two"/],
  ])('refuses %s', async (_, change, message) => {
    await expect(createImageSet({ ...parts, ...change })).rejects.toThrow(
      expect.objectContaining({ code: 'bad-data', message: expect.stringMatching(message) as string }),
    );
  });
});
