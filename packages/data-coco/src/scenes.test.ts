import { digits } from '@ma-net/data/node';
import { decodeMask } from '@ma-net/metrics';
import { beforeAll, expect, test } from 'vitest';
import { scenes, type SceneOptions } from './scenes.ts';

const options: SceneOptions = {
  name: 'scenes',
  size: 30,
  sides: [64, 96],
  objects: [2, 5],
  digit: [14, 40],
  seed: 0,
};
let sets: Awaited<ReturnType<typeof digits>>;
beforeAll(async () => {
  sets = await digits();
});

test('a scene is the same whenever it is read, and no two are alike', async () => {
  const one = scenes(sets.train, options);
  const again = scenes(sets.train, options);
  expect(await one.read(3)).toEqual(await again.read(3));
  expect((await one.read(3)).image).not.toEqual((await one.read(4)).image);
  const other = scenes(sets.test, options);
  expect(other.fingerprint).not.toBe(one.fingerprint);
  expect((await other.read(3)).image).not.toEqual((await one.read(3)).image);
});

test('masks are what is to be seen: apart from each other, inside of their boxes, and touching all their sides', async () => {
  const dataset = scenes(sets.train, options);
  const [height, width] = options.sides;
  const counts = new Set<number>();
  const labels = new Set<number>();
  for (let i = 0; i < dataset.size; i++) {
    const { objects } = await dataset.read(i);
    counts.add(objects.length);
    const taken = new Uint8Array(height * width);
    for (const { box, area, segmentation, label } of objects) {
      labels.add(label);
      const mask = decodeMask((segmentation as { rle: Parameters<typeof decodeMask>[0] }).rle);
      const inked = [...mask.keys()].filter((k) => mask[k] === 1);
      expect(inked.length).toBe(area);
      expect(inked.every((k) => taken[k] === 0)).toBe(true);
      for (const k of inked) taken[k] = 1;
      const [xs, ys] = [inked.map((k) => k % width), inked.map((k) => Math.floor(k / width))];
      expect(box).toEqual([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
    }
  }
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...counts)).toBe(5);
  expect(labels.size).toBe(10);
});

test('digits stand out from their ground', async () => {
  const { image, objects } = await scenes(sets.train, options).read(1);
  const { data } = image as { data: Uint8Array };
  const [height, width] = options.sides;
  const any = new Uint8Array(height * width);
  const brightness = (k: number): number => data[3 * k]! + data[3 * k + 1]! + data[3 * k + 2]!;
  for (const { segmentation } of objects) {
    const mask = decodeMask((segmentation as { rle: Parameters<typeof decodeMask>[0] }).rle);
    mask.forEach((seen, k) => (any[k] = any[k]! | seen));
  }
  const mean = (value: number): number => {
    const chosen = [...any.keys()].filter((k) => any[k] === value);
    return chosen.reduce((total, k) => total + brightness(k), 0) / chosen.length;
  };
  expect(Math.abs(mean(1) - mean(0))).toBeGreaterThan(10);
});
