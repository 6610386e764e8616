import { encodeMask } from '@ma-net/metrics';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { hrefOf, objectsPicture, pngOf } from './object-pictures.ts';

/** 200 x 400 grey pixels. */
const href = hrefOf(new Uint8Array(3 * 200 * 400).fill(100), 200, 400);

async function pixels(svg: string) {
  const { data, info } = await sharp(await pngOf(svg))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return (x: number, y: number): number[] => [
    ...data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3),
  ];
}

test('boxes and masks lie where the objects are, names beside them', async () => {
  const inside = (i: number): number =>
    Number(i % 400 >= 100 && i % 400 < 200 && i >= 400 * 50 && i < 400 * 150);
  const mask = encodeMask(
    Uint8Array.from({ length: 200 * 400 }, (_, i) => inside(i)),
    200,
    400,
  );
  const svg = await objectsPicture([
    [
      {
        href: await href,
        height: 200,
        width: 400,
        objects: [{ label: 0, name: 'cat & <dog>', score: 0.5, box: [90, 40, 210, 160], mask }],
      },
    ],
  ]);
  expect(svg).toContain('cat &#38; &#60;dog&#62; 50 %');
  const at = await pixels(svg);
  expect(at(300, 100)).toEqual([100, 100, 100]);
  // Inside of the mask, half of the colour of the class; on the border of the box, all of it.
  const border = at(90, 100);
  expect(border).not.toEqual([100, 100, 100]);
  at(150, 100).forEach((part, c) => expect(Math.abs(part - (100 + border[c]!) / 2)).toBeLessThan(3));
  expect(at(95, 100)).toEqual([100, 100, 100]);
});

test('panels stand in rows and columns, small ones larger, under titles', async () => {
  const small = {
    href: await hrefOf(new Uint8Array(3 * 32 * 32), 32, 32),
    height: 32,
    width: 32,
    objects: [],
  };
  const large = { href: await href, height: 200, width: 400, objects: [] };
  const svg = await objectsPicture([[small, large], [large]], ['left', 'right']);
  expect(svg).toMatch(/width="812" height="560"/);
  const at = await pixels(svg);
  expect(at(5, 40)).toEqual([0, 0, 0]);
  expect(at(420, 40)).toEqual([100, 100, 100]);
  expect(at(500, 500)).toEqual([255, 255, 255]);
});
