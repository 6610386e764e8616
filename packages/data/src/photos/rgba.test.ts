import { Rng } from '@ma-net/core';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodePhoto } from './decode.ts';
import { rgbaPicture } from './rgba.ts';

const rng = Rng.fromSeed(0);
const [width, height] = [5, 3];
const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
  i % 4 === 3 ? 255 : rng.integer(256),
);

test.each([1, 3])(
  'pixels of a canvas are what the same pixels in a file are, in %i channels',
  async (channels) => {
    const png = await sharp(data, { raw: { width, height, channels: 4 } })
      .png()
      .toBuffer();
    const [file, canvas] = [await decodePhoto(png, 'a.png'), rgbaPicture({ width, height, data })];
    expect([canvas.width, canvas.height]).toEqual([width, height]);
    expect(await canvas.read(channels)).toEqual(await file.read(channels));
    const box = { top: 1, left: 2, height: 2, width: 3 };
    expect(await canvas.read(channels, box)).toEqual(await file.read(channels, box));
  },
);

test('pixels that are too few are refused', () => {
  expect(() => rgbaPicture({ width, height, data: data.subarray(4) })).toThrow(/60 bytes, not 56/);
});
