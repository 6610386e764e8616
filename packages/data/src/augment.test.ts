import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { imageWriter, type Placement, place, UNTOUCHED } from './augment.ts';
import { createImageSet, type ImageSet } from './image-set.ts';

const randomSet = (rng: Rng, count: number, shape: readonly [number, number, number]): Promise<ImageSet> =>
  createImageSet({
    name: 'random',
    images: Uint8Array.from({ length: count * shape[0] * shape[1] * shape[2] }, () => rng.integer(256)),
    labels: new Int32Array(count),
    shape,
    classNames: ['all'],
    white: 255,
    normalisation: {
      mean: Array.from({ length: shape[2] }, () => rng.uniform()),
      std: Array.from({ length: shape[2] }, () => 0.1 + rng.uniform()),
    },
  });

/** The same thing, slowly: pad, crop, mirror, blank, one step after the other on nested arrays. */
function oracle(set: ImageSet, index: number, p: Placement, pad: number, padValue?: number): number[] {
  const [H, W, C] = set.shape;
  const { mean, std } = set.normalisation;
  const normal = (v: number, c: number) => (v / set.white - mean[c]!) / std[c]!;
  const padding = mean.map((_, c) => (padValue === undefined ? 0 : normal(padValue, c)));
  const padded = Array.from({ length: H + 2 * pad }, (_, y) =>
    Array.from({ length: W + 2 * pad }, (_, x) => {
      const inside = y >= pad && y < H + pad && x >= pad && x < W + pad;
      return padding.map((value, c) =>
        inside ? normal(set.images[((index * H + y - pad) * W + x - pad) * C + c]!, c) : value,
      );
    }),
  );
  const cropped = padded
    .slice(pad + p.dy, pad + p.dy + H)
    .map((row) => row.slice(pad + p.dx, pad + p.dx + W));
  const flipped = p.mirrored ? cropped.map((row) => row.toReversed()) : cropped;
  const { top, bottom, left, right } = p.blank;
  return flipped.flatMap((row, y) =>
    row.flatMap((pixel, x) =>
      y >= top && y < bottom && x >= left && x < right ? pixel.map(() => 0) : pixel,
    ),
  );
}

describe('imageWriter', () => {
  const augmentations = [
    {},
    { flip: true },
    { padCrop: 2 },
    { padCrop: 3, flip: true, padValue: 128 },
    { padCrop: 1, flip: true, cutout: 3, padValue: 0 },
    { cutout: 4 },
  ];
  test.each(augmentations)('agrees with one step after the other: %o', async (augmentation) => {
    for (const seed of [0, 1, 2]) {
      const rng = Rng.fromSeed(seed);
      const set = await randomSet(rng, 3, seed === 0 ? [4, 6, 1] : [7, 5, 3]);
      const pixels = set.images.length / 3;
      const writer = imageWriter(set, augmentation.padValue);
      for (let draw = 0; draw < 20; draw++) {
        const placement = place(augmentation, set.shape, rng);
        const out = new Float32Array(2 * pixels).fill(7);
        writer.write(draw % 3, placement, out, 1);
        const expected = oracle(set, draw % 3, placement, augmentation.padCrop ?? 0, augmentation.padValue);
        expect(out.subarray(0, pixels).every((value) => value === 7)).toBe(true);
        expect([...out.subarray(pixels)]).toEqual(expected.map(Math.fround));
      }
    }
  });

  test('normalises with the constants of the set', async () => {
    const rng = Rng.fromSeed(0);
    const set = { ...(await randomSet(rng, 1, [1, 1, 3])), images: Uint8Array.of(0, 255, 51) };
    const normalisation = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };
    const out = new Float32Array(3);
    imageWriter({ ...set, normalisation }).write(0, UNTOUCHED, out, 0);
    // (0 - 0.4914) / 0.247, (1 - 0.4822) / 0.2435, (0.2 - 0.4465) / 0.2616
    expect([...out]).toEqual([-1.9894737, 2.1264887, -0.9422782].map((v) => expect.closeTo(v, 6) as number));
  });

  test.each([
    { mean: [0], std: [1, 1, 1] },
    { mean: [0, 0, 0], std: [1, 0, 1] },
    { mean: [0, Number.NaN, 0], std: [1, 1, 1] },
  ])('refuses the constants %o', async (normalisation) => {
    const set = await randomSet(Rng.fromSeed(0), 1, [2, 2, 3]);
    expect(() => imageWriter({ ...set, normalisation })).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });
});

describe('place', () => {
  const shape = [32, 32, 3] as const;
  const draws = (augmentation: Parameters<typeof place>[0], count = 4000) => {
    const rng = Rng.fromSeed(5);
    return Array.from({ length: count }, () => place(augmentation, shape, rng));
  };

  test('mirrors half of the images', () => {
    const mirrored = draws({ flip: true }).filter((p) => p.mirrored).length;
    expect(Math.abs(mirrored - 2000)).toBeLessThan(5 * Math.sqrt(1000)); // five standard deviations
    expect(draws({}).some((p) => p.mirrored)).toBe(false);
  });

  test('crops at every offset equally often', () => {
    for (const axis of ['dx', 'dy'] as const) {
      const counts = new Map<number, number>();
      for (const p of draws({ padCrop: 4 })) counts.set(p[axis], (counts.get(p[axis]) ?? 0) + 1);
      expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
      for (const count of counts.values())
        expect(Math.abs(count - 4000 / 9)).toBeLessThan(5 * Math.sqrt(395));
    }
  });

  test('blanks a square that is clipped at the border', () => {
    const blanks = draws({ cutout: 16 }).map((p) => p.blank);
    const heights = blanks.map(({ top, bottom }) => bottom - top);
    expect([Math.min(...heights), Math.max(...heights)]).toEqual([8, 16]);
    for (const { top, bottom, left, right } of blanks) {
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(Math.max(bottom, right)).toBeLessThanOrEqual(32);
    }
  });
});
