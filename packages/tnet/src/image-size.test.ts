import { describe, expect, test } from 'vitest';
import { imageSize } from './image-size.ts';

describe('imageSize', () => {
  test('lets multiples of the step pass, sides of their own each', () => {
    expect(imageSize('a', [32, 64, 3], 16)).toEqual([32, 64, 3]);
  });

  test.each([
    [[30, 64, 3], '16 x 64 or 32 x 64'],
    [[7, 16, 1], '16 x 16'],
    [[0, 16, 1], '16 x 16'],
    [[16.5, 16, 1], '16 x 16 or 32 x 16'],
  ] as const)('refuses %j and proposes %s', (shape, sizes) => {
    expect(() => imageSize('a', shape, 16)).toThrow(
      `multiples of 16.\n  hint: resize the images, for example to ${sizes}`,
    );
  });
});
