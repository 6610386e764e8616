import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { jitter } from './jitter.ts';
import type { Picture } from './picture.ts';
import { autoAugmentCifar, randAugment, randAugmentIncreasing } from './policies.ts';

const random = (seed: number): Picture => {
  const rng = Rng.fromSeed(seed);
  return { height: 9, width: 7, channels: 3, data: Uint8Array.from({ length: 189 }, () => rng.integer(256)) };
};

describe.each([
  ['randAugment', (p: Picture, rng: Rng) => randAugment(p, {}, rng)],
  ['randAugment, strong', (p: Picture, rng: Rng) => randAugment(p, { changes: 3, magnitude: 30 }, rng)],
  ['randAugmentIncreasing', randAugmentIncreasing],
  ['autoAugmentCifar', (p: Picture, rng: Rng) => autoAugmentCifar(p, rng, [128, 128, 128])],
  ['jitter', (p: Picture, rng: Rng) => jitter(p, { brightness: 0.4, hue: 0.1, probability: 0.7 }, rng)],
] as const)('%s', (_, policy) => {
  test('is a function of its generator, keeps the size, and leaves its argument', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const picture = random(seed % 3);
      const out = policy(picture, Rng.fromSeed(seed));
      expect(policy(picture, Rng.fromSeed(seed))).toEqual(out);
      expect([out.height, out.width, out.channels, out.data.length]).toEqual([9, 7, 3, 189]);
      expect(picture).toEqual(random(seed % 3));
      seen.add(out.data.join());
    }
    // Not always the same thing.
    expect(seen.size).toBeGreaterThan(15);
  });
});

test('no change, and changes of nothing, leave a picture', () => {
  const picture = random(1);
  expect(randAugment(picture, { changes: 0 }, Rng.fromSeed(0))).toEqual(picture);
  expect(jitter(picture, { brightness: 0.9, probability: 0 }, Rng.fromSeed(0))).toEqual(picture);
  expect(jitter(picture, {}, Rng.fromSeed(0))).toEqual(picture);
});
