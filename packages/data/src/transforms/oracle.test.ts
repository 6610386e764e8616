// Every change of a picture, pixel for pixel as the implementations that published recipes were trained with:
// test/fixtures/augment.json says which, and their versions.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { brightness, contrast, grey, hue, saturation } from './colour.ts';
import { erasedBox, mixedBox, resizedCropBox, squareAround } from './crop.ts';
import { mixedTargets, mixup } from './mix.ts';
import { blank, cut, mirror, type Picture } from './picture.ts';
import { AUTO_AUGMENT_CIFAR, CHANGES, type ChangeName, INCREASING, strengthOf } from './policies.ts';
import { type Interpolation, resize } from './resize.ts';

type Corners = [number, number, number, number];
const oracle = JSON.parse(
  readFileSync(new URL('../../test/fixtures/augment.json', import.meta.url), 'utf8'),
) as {
  picture: string;
  changes: [ChangeName, number, number[], string][];
  jitter: [string, number, string][];
  jitterInOrder: [number[], Record<string, number>, string][];
  grey: string;
  mirrored: string;
  padCrop: [number, number, string][];
  resized: [Corners, number, Interpolation, string][];
  cutout: [number, number, number, Corners][];
  strengths: Record<'randAugment' | 'autoAugment', Record<ChangeName, [number[], boolean]>>;
  autoAugmentPolicies: [ChangeName, number, number | null][][];
  increasing: Record<keyof typeof INCREASING, number[][][] | null>;
  resizedCrops: [number, number, [number, number], number[], Corners][];
  mixup: [number, number[], number, number[], number[]][];
  cutmix: [number, number, number, number, number, Corners, number][];
  erase: [number, number, number[], Corners][];
};

const pixels = (base64: string): number[] => [...Buffer.from(base64, 'base64')];
const picture: Picture = {
  height: 8,
  width: 8,
  channels: 3,
  data: Uint8Array.from(pixels(oracle.picture)),
};
const drawn = (numbers: readonly number[]): (() => number) => {
  let i = 0;
  return () => numbers[i++]!;
};

const before = picture.data.slice();
const same = (found: Picture, expected: string, about: string): void => {
  expect([...found.data], about).toEqual(pixels(expected));
  expect(picture.data, `${about} leaves its argument`).toEqual(before);
};

test.each(oracle.changes)('%s by %d, filled with %j', (name, magnitude, fill, expected) => {
  same(CHANGES[name](picture, magnitude, fill), expected, name);
});

const JITTER: Record<string, (picture: Picture, factor: number) => Picture> = {
  brightness,
  contrast,
  saturation,
  hue,
};

test.each(oracle.jitter)('%s by %d', (kind, factor, expected) => {
  same(JITTER[kind]!(picture, factor), expected, kind);
});

test.each(oracle.jitterInOrder)('jitter in the order %j', (order, factors, expected) => {
  const kinds = order.map((i) => ['brightness', 'contrast', 'saturation', 'hue'][i]!);
  const out = kinds.reduce((p, kind) => JITTER[kind]!(p, factors[kind]!), picture);
  same(out, expected, kinds.join());
});

test('grey, mirrored and padded pictures', () => {
  same(grey(picture), oracle.grey, 'grey');
  same(mirror(picture), oracle.mirrored, 'mirrored');
  const padded = blank({ height: 16, width: 16, channels: 3 }, 128);
  for (let y = 0; y < 8; y++) {
    padded.data.set(picture.data.subarray(y * 24, (y + 1) * 24), ((y + 4) * 16 + 4) * 3);
  }
  for (const [top, left, expected] of oracle.padCrop) {
    same(cut(padded, { top, left, height: 8, width: 8 }), expected, `crop at ${top}, ${left}`);
  }
});

test.each(oracle.resized)(
  'box %j made %i, %s',
  ([top, left, height, width], size, interpolation, expected) => {
    const crop = { top, left, height, width };
    same(resize(picture, { height: size, width: size }, { crop, interpolation }), expected, interpolation);
  },
);

test('a window of a resized picture is cut from the whole', () => {
  const whole = resize(picture, { height: 13, width: 6 }, { interpolation: 'bicubic' });
  const window = { top: 3, left: 1, height: 7, width: 4 };
  const part = resize(picture, { height: 13, width: 6 }, { window, interpolation: 'bicubic' });
  expect(part).toEqual(cut(whole, window));
});

describe('strengths', () => {
  test.each([
    ['randAugment', 31],
    ['autoAugment', 10],
  ] as const)('%s', (policy, bins) => {
    for (const [name, [magnitudes, signed]] of Object.entries(oracle.strengths[policy])) {
      for (const [k, expected] of magnitudes.entries()) {
        const found = strengthOf(name as ChangeName, k, bins, { height: 32, width: 32 });
        expect(found.magnitude, `${name}, bin ${k}`).toBeCloseTo(expected, 5);
        expect(found.signed, name).toBe(signed);
      }
    }
  });

  test('the learned policies', () => {
    const expected = oracle.autoAugmentPolicies.map((steps) => steps.map(([n, p, k]) => [n, p, k ?? 0]));
    expect(AUTO_AUGMENT_CIFAR).toEqual(expected);
  });

  test('the increasing variant', () => {
    expect(Object.keys(INCREASING).sort()).toEqual(Object.keys(oracle.increasing).sort());
    for (const [name, levels] of Object.entries(oracle.increasing)) {
      const { argument, signed } = INCREASING[name as keyof typeof INCREASING];
      // Factors are written as 1 + m there, and as m here.
      const one = /Color|Contrast|Brightness|Sharpness/.test(name) && name.endsWith('Increasing') ? 1 : 0;
      for (const [level, values] of (levels ?? []).entries()) {
        const expectedSigned = values.length === 2 || (level === 0 && signed);
        expect(signed, name).toBe(expectedSigned);
        expect(one + argument(level), `${name} ${level}`).toBeCloseTo(values.at(-1)![0]!, 9);
      }
    }
  });
});

const corners = ({
  top,
  left,
  height,
  width,
}: {
  top: number;
  left: number;
  height: number;
  width: number;
}) => [top, left, height, width];

test.each(oracle.resizedCrops)(
  'random resized crop of %i x %i, area %j',
  (height, width, scale, u, expected) => {
    expect(corners(resizedCropBox({ height, width }, { scale }, drawn(u)))).toEqual(expected);
  },
);

test.each(oracle.erase)('random erasing of %i x %i', (height, width, u, expected) => {
  expect(corners(erasedBox({ height, width }, drawn(u))!)).toEqual(expected);
});

test.each(oracle.cutout)('cutout around %i, %i', (y, x, length, [top, bottom, left, right]) => {
  const box = squareAround({ height: 32, width: 32 }, length, y, x);
  expect(corners(box)).toEqual([top, left, bottom - top, right - left]);
});

test.each(oracle.cutmix)(
  'cutmix of %i x %i, own %d',
  (height, width, own, y, x, [top, bottom, left, right], left_) => {
    const mixed = mixedBox({ height, width }, own, y, x);
    expect(corners(mixed.box)).toEqual([top, left, bottom - top, right - left]);
    expect(mixed.own).toBeCloseTo(left_, 9);
  },
);

test.each(oracle.mixup)('mixup, own %d', (own, labels, smoothing, targets, expected) => {
  // X of the oracle: sin(1.7 k + 0.013 k^2), k from 1.
  const data = Float32Array.from({ length: 16 }, (_, k) => Math.sin(1.7 * (k + 1) + 0.013 * (k + 1) ** 2));
  mixup({ data, shape: [4, 2, 2, 1] }, own);
  for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 5);
  const smooth = mixedTargets(labels, 3, own).map((t) => (1 - smoothing) * t + smoothing / 3);
  for (const [i, value] of targets.entries()) expect(smooth[i]).toBeCloseTo(value, 6);
});
