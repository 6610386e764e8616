import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { cut, type Picture } from '../transforms/picture.ts';
import { centred, type Interpolation } from '../transforms/resize.ts';
import { decodePhoto } from './decode.ts';

const oracle = JSON.parse(
  readFileSync(new URL('../../test/fixtures/evaluation.json', import.meta.url), 'utf8'),
) as { jpeg: string; size: [number, number]; evaluated: [number, number, Interpolation, string][] };
const jpeg = Buffer.from(oracle.jpeg, 'base64');

const read = async (bytes: Uint8Array, channels = 3): Promise<Picture> =>
  (await decodePhoto(bytes, 'photo')).read(channels);

/** A picture whose pixels all differ. */
const pixels = (height: number, width: number, channels: number): Uint8Array =>
  Uint8Array.from({ length: height * width * channels }, (_, i) => (i * 37 + 11) % 256);

const raw = (
  height: number,
  width: number,
  channels: 1 | 2 | 3 | 4,
  data = pixels(height, width, channels),
) => sharp(data, { raw: { height, width, channels } });

test.each(oracle.evaluated)(
  'short side %i, middle %i, %s: torchvision within one grey level',
  async (short, size, interpolation, expected) => {
    const picture = await read(jpeg);
    expect([picture.height, picture.width]).toEqual(oracle.size);
    const middle = centred(picture, { height: size, width: size }, size / short, interpolation);
    const values = Buffer.from(expected, 'base64');
    expect(middle.data.length).toBe(values.length);
    const worst = middle.data.reduce((most, v, i) => Math.max(most, Math.abs(v - values[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(1);
  },
);

test('a part of a file is cut from the whole', async () => {
  const box = { top: 13, left: 21, height: 30, width: 17 };
  const encoded = await decodePhoto(jpeg, 'photo');
  expect(await encoded.read(3, box)).toEqual(cut(await encoded.read(3), box));
  expect(await encoded.read(1, box)).toEqual(cut(await encoded.read(1), box));
});

describe('kinds of files', () => {
  test('png and lossless webp keep every pixel', async () => {
    for (const bytes of [
      await raw(5, 7, 3).png().toBuffer(),
      await raw(5, 7, 3).webp({ lossless: true }).toBuffer(),
    ]) {
      expect([...(await read(bytes)).data]).toEqual([...pixels(5, 7, 3)]);
    }
  });

  test('grey is spread over three channels, and three make one', async () => {
    const bytes = await raw(4, 6, 1).png().toBuffer();
    const grey = [...pixels(4, 6, 1)];
    expect([...(await read(bytes)).data]).toEqual(grey.flatMap((v) => [v, v, v]));
    expect([...(await read(bytes, 1)).data]).toEqual(grey);
    const red = await raw(1, 1, 3, Uint8Array.of(255, 0, 0))
      .png()
      .toBuffer();
    // 19595 / 65536 of 255.
    expect([...(await read(red, 1)).data]).toEqual([76]);
  });

  test('alpha is dropped, the colour under it kept', async () => {
    const data = pixels(3, 4, 4);
    const bytes = await raw(3, 4, 4, data).png().toBuffer();
    expect([...(await read(bytes)).data]).toEqual([...data].filter((_, i) => i % 4 < 3));
    const two = pixels(3, 4, 2);
    const greyed = await raw(3, 4, 2, two).png().toBuffer();
    expect([...(await read(greyed, 1)).data]).toEqual([...two].filter((_, i) => i % 2 === 0));
  });

  test('sixteen bits become eight, in colour and in grey', async () => {
    for (const channels of [1, 3] as const) {
      const wide = Uint16Array.from(pixels(4, 4, channels), (v) => v * 257);
      const bytes = await sharp(wide, { raw: { height: 4, width: 4, channels } })
        .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
        .png()
        .toBuffer();
      expect((await sharp(bytes).metadata()).depth).toBe('ushort');
      expect([...(await read(bytes, channels)).data]).toEqual([...pixels(4, 4, channels)]);
    }
  });

  test('cmyk is converted', async () => {
    const colours = Uint8Array.of(255, 255, 255, 0, 0, 0, 200, 30, 40, 20, 160, 60);
    const bytes = await raw(2, 2, 3, colours).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const picture = await read(bytes);
    expect(picture.channels).toBe(3);
    // White, black, a red and a green stay what they are; ink and JPEG are not exact.
    const found = [...picture.data];
    expect(Math.min(...found.slice(0, 3))).toBeGreaterThan(230);
    expect(Math.max(...found.slice(3, 6))).toBeLessThan(70);
    expect(found[6]! - Math.max(found[7]!, found[8]!)).toBeGreaterThan(60);
    expect(found[10]! - Math.max(found[9]!, found[11]!)).toBeGreaterThan(60);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is turned upright', async (orientation) => {
    const data = pixels(3, 5, 3);
    const bytes = await raw(3, 5, 3, data).withMetadata({ orientation }).png().toBuffer();
    const encoded = await decodePhoto(bytes, 'photo');
    const upright = await encoded.read(3);
    expect([upright.height, upright.width]).toEqual(orientation > 4 ? [5, 3] : [3, 5]);
    expect([encoded.height, encoded.width]).toEqual([upright.height, upright.width]);
    // Where each orientation has row y, column x of what is stored.
    const at = (y: number, x: number): [number, number] =>
      (
        [
          [y, x],
          [y, 4 - x],
          [2 - y, 4 - x],
          [2 - y, x],
          [x, y],
          [x, 2 - y],
          [4 - x, 2 - y],
          [4 - x, y],
        ] as [number, number][]
      )[orientation - 1]!;
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 5; x++) {
        const [row, column] = at(y, x);
        const from = (y * 5 + x) * 3;
        const to = (row * upright.width + column) * 3;
        expect([...upright.data.slice(to, to + 3)]).toEqual([...data.slice(from, from + 3)]);
      }
    }
    const box = { top: 1, left: 0, height: 2, width: 3 };
    expect(await encoded.read(3, box)).toEqual(cut(upright, box));
  });
});

describe('broken files name themselves', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['words', new TextEncoder().encode('<html>404</html>')],
    ['a header only', jpeg.subarray(0, 200)],
  ])('%s', async (_, bytes) => {
    const refused = (async () => (await decodePhoto(bytes, 'train/cat/7.jpg')).read(3))();
    await expect(refused).rejects.toMatchObject({ code: 'bad-data' });
    await expect(refused).rejects.toThrow(/train\/cat\/7\.jpg/);
  });

  test('half a file', async () => {
    const half = jpeg.subarray(0, Math.floor(jpeg.length / 2));
    const encoded = await decodePhoto(half, 'train/cat/8.jpg');
    await expect(encoded.read(3)).rejects.toMatchObject({ code: 'bad-data' });
    const png = await sharp(jpeg).png().toBuffer();
    const cutOff = await decodePhoto(png.subarray(0, Math.floor(png.length / 2)), 'a.png');
    await expect(cutOff.read(3)).rejects.toMatchObject({ code: 'bad-data' });
  });
});
