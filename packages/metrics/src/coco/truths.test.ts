import { type HostTensor, Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { encodeMask } from './rle.ts';
import { type ImageTruths, packTruths, unpackTruths } from './truths.ts';

/** What a batch says of its images beside their objects. */
function imagesOf(images: readonly ImageTruths[]): Record<string, HostTensor> {
  const int = (shape: number[], data: number[]): HostTensor => ({
    shape,
    dtype: 'int32',
    data: Int32Array.from(data),
  });
  return {
    indices_B: int(
      [images.length],
      images.map(({ index }) => index),
    ),
    originals_B2: int(
      [images.length, 2],
      images.flatMap(({ size }) => [...size]),
    ),
  };
}

test('objects come back from a batch as they were packed, whatever they are', () => {
  for (let seed = 0; seed < 50; seed++) {
    const rng = Rng.fromSeed(seed);
    const images = Array.from({ length: 1 + rng.integer(4) }, (_, i): ImageTruths => {
      const size = [1 + rng.integer(20), 1 + rng.integer(20)] as const;
      const objects = Array.from({ length: rng.integer(4) }, () => {
        const pixels = Uint8Array.from({ length: size[0] * size[1] }, () => rng.integer(2));
        return {
          label: rng.integer(90),
          box: [rng.integer(99), rng.integer(99), rng.integer(99), 0.5] as const,
          area: rng.integer(10_000),
          crowd: rng.integer(2) === 1,
          ...(rng.integer(3) === 0 ? {} : { mask: encodeMask(pixels, size[0], size[1]) }),
        };
      });
      return { index: 10 * i, size, objects };
    });
    const packed = packTruths(images);
    for (const { shape, data } of Object.values(packed)) {
      expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      expect(data.length).toBeGreaterThan(0);
    }
    expect(unpackTruths({ ...imagesOf(images), ...packed })).toEqual(
      images.flatMap(({ index, objects }) =>
        objects.map(({ label, ...object }) => ({ image: index, category: label, ...object })),
      ),
    );
  }
});

test('a batch to train on has nothing to compare with', () => {
  expect(() => unpackTruths(imagesOf([{ index: 0, size: [2, 2], objects: [] }]))).toThrow(
    /no "truthImages_T".*indices_B/s,
  );
});
