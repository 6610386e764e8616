import sharp from 'sharp';
import { expect, test } from 'vitest';
import { captioned } from './captioned.ts';

const grey = (height: number, width: number) =>
  sharp(Buffer.alloc(height * width, 99), { raw: { height, width, channels: 1 } });

test('a photo is shown whole over its classes, in a picture that any viewer draws', async () => {
  const photo = await grey(300, 400).jpeg().toBuffer();
  const svg = await captioned(photo, 'photo', [
    { name: 'cat & <dog>', probability: 0.75 },
    { name: 'bird', probability: 0.25 },
  ]);
  expect(svg).toContain('cat &#38; &#60;dog&#62;');
  expect(svg).toContain('75.00 %');
  expect(svg).toContain(`data:image/jpeg;base64,${photo.toString('base64')}`);
  const { width, height } = await sharp(Buffer.from(svg)).metadata();
  expect([width, height]).toEqual([400, 372]);
  const { data } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(data[3 * (150 * 400 + 200)]).toBeGreaterThan(90);
  // The first bar is three quarters as long as there is room.
  const at = (x: number, y: number): number[] => [...data.subarray(3 * (y * 400 + x), 3 * (y * 400 + x) + 3)];
  expect(at(290, 330)).toEqual([0xbf, 0xdb, 0xfe]);
  expect(at(300, 330)).toEqual([255, 255, 255]);
});

test('a small photo is shown larger', async () => {
  const svg = await captioned(await grey(8, 8).png().toBuffer(), 'digit', []);
  expect(svg).toMatch(
    /<image width="320" height="320" style="image-rendering: pixelated" href="data:image\/png/,
  );
});
