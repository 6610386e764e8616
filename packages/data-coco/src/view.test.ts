import { readFileSync } from 'node:fs';
import { Rng } from '@ma-net/core';
import type { Picture } from '@ma-net/data';
import { encodeMask } from '@ma-net/metrics';
import { describe, expect, test } from 'vitest';
import { drawView, plainView, viewedBox, viewedMask, viewedPicture, type ViewOptions } from './view.ts';

const oracle = JSON.parse(
  readFileSync(new URL('../fixtures/transforms.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly (readonly [number, number, number, number])[]>>;
const boxes = oracle['boxes']!;

const options: ViewOptions = { shorter: [11], longest: 1000, rounding: 'detectron2' };
const LARGE = [1000, 1000] as const;

function near(found: readonly number[] | undefined, expected: readonly number[]): void {
  expect(found).toHaveLength(4);
  for (const [i, value] of expected.entries()) expect(found![i]).toBeCloseTo(value, 5);
}

test('boxes are mirrored with their image', () => {
  const view = drawView([11, 14], { ...options, flip: 1 }, LARGE, Rng.fromSeed(0));
  for (const [i, box] of oracle['flip_boxes (x0, x1 -> w - x1, w - x0)']!.entries())
    near(viewedBox(boxes[i]!, view), box);
});

test.each([
  ['resize_22x28_boxes', 22],
  ['resize_8x10_boxes', 8],
  ['resize_16x20_boxes', 16],
])('boxes are resized with their image: %s', (key, shorter) => {
  const view = plainView([11, 14], { ...options, shorter: [shorter] }, LARGE);
  expect(`resize_${view.size.join('x')}_boxes`).toBe(key);
  for (const [i, box] of oracle[key]!.entries()) near(viewedBox(boxes[i]!, view), box);
});

test('what is left out of a view is gone, and what sticks out is cut off', () => {
  const view = plainView([10, 10], options, LARGE);
  expect(viewedBox([-5, -5, -1, -1], view)).toBeUndefined();
  near(viewedBox([-5, 2, 5, 30], view), [0, 2.2, 5.5, 11]);
});

test('a view fits where there is room', () => {
  const view = plainView([100, 50], { ...options, shorter: [800] }, [320, 320]);
  expect(view.size).toEqual([320, 160]);
  expect(plainView([1, 5000], { ...options, shorter: [800] }, [320, 320]).size[0]).toBeGreaterThan(0);
});

/** An image whose pixels say where they are: row in the first channel, column in the second. */
function places(height: number, width: number): Picture {
  const data = Uint8Array.from({ length: 3 * height * width }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return i % 3 === 0 ? Math.floor(pixel / width) : i % 3 === 1 ? pixel % width : 0;
  });
  return { height, width, channels: 3, data };
}

describe('pixels, boxes and masks go the same way', () => {
  const drawn: ViewOptions = {
    ...options,
    shorter: [30, 40, 50],
    flip: 0.5,
    crop: { probability: 0.5, shorter: [40, 60], least: 20, most: 50 },
  };
  const [height, width] = [60, 80];
  const box = [20, 16, 56, 44] as const;
  const mask = Uint8Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return Number(x >= box[0] && x < box[2] && y >= box[1] && y < box[3]);
  });
  const corners = [box[0], box[1], box[2], box[1], box[2], box[3], box[0], box[3]];

  test.each(Array.from({ length: 24 }, (_, seed) => seed))('seed %i', (seed) => {
    const view = drawView([height, width], drawn, LARGE, Rng.fromSeed(seed));
    const picture = viewedPicture(places(height, width), view);
    expect([picture.height, picture.width]).toEqual(view.size);
    const seen = viewedBox(box, view);
    const masks = [
      viewedMask({ rle: encodeMask(mask, height, width) }, view),
      viewedMask({ polygons: [corners] }, view),
    ];
    // A pixel, a scaling apart, is where rounding may fall on either side.
    const margin = 1 + Math.max(Math.abs(view.x.scale), view.y.scale);
    const wrong: unknown[] = [];
    for (let i = 0; i < picture.height * picture.width; i++) {
      const [y, x] = [Math.floor(i / picture.width) + 0.5, (i % picture.width) + 0.5];
      const [row, column] = [picture.data[3 * i]! + 0.5, picture.data[3 * i + 1]! + 0.5];
      const away = Math.max(
        Math.abs(view.y.scale * row + view.y.shift - y),
        Math.abs(view.x.scale * column + view.x.shift - x),
      );
      const depth =
        seen === undefined ? -Infinity : Math.min(x - seen[0], seen[2] - x, y - seen[1], seen[3] - y);
      const expected = Math.abs(depth) > 1 ? Number(depth > 0) : undefined;
      if (away >= margin || masks.some((m) => expected !== undefined && m[i] !== expected))
        wrong.push([x, y]);
    }
    expect(wrong).toEqual([]);
  });
});
