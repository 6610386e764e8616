import { Rng } from '@ma-net/core';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodePhoto } from './decode.ts';
import { photoCollate } from './photo-collate.ts';
import { pictureInput } from './picture-input.ts';

async function photo(height: number, width: number): Promise<Uint8Array> {
  const data = Rng.fromSeed(1).uniforms(height * width * 3, 0, 256);
  return sharp(Uint8Array.from(data), { raw: { height, width, channels: 3 } })
    .png()
    .toBuffer();
}

const input = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4], white: 255 };

test.each([
  [40, 30, {}],
  [24, 24, {}],
  [16, 50, { crop: 0.7, interpolation: 'bicubic' as const }],
])('an image of %i x %i is seen as a test batch shows it', async (height, width, asEvaluated) => {
  const bytes = await photo(height, width);
  const collate = photoCollate({
    buckets: [{ height: 24, width: 24, batch: 1 }],
    channels: 3,
    white: 255,
    normalisation: { mean: input.mean, std: input.std },
    classes: 2,
    ...asEvaluated,
  });
  const sample = { image: bytes, label: 0, where: 'photo' };
  const { tensors } = await collate.batch([sample], collate.buckets[0]!, Rng.fromSeed(0), [0]);
  const facts = { shapes: { images: [24, 24, 3] }, input: { ...input, ...asEvaluated } };
  const { data, picture } = await pictureInput(await decodePhoto(bytes, 'photo'), facts);
  expect(data).toEqual(tensors['images_BHWC']!.data);

  // Whoever normalises by itself gets to the same numbers.
  const pixels = await pictureInput(await decodePhoto(bytes, 'photo'), facts, { pixels: true });
  expect([...pixels.data]).toEqual([...picture.data]);
});

test('grey levels of the data are those of the photograph, scaled', async () => {
  const facts = { shapes: { images: [8, 8, 1] }, input: { mean: [0.25], std: [0.5], white: 16 } };
  const bytes = await sharp(Buffer.alloc(64, 51), { raw: { height: 8, width: 8, channels: 1 } })
    .png()
    .toBuffer();
  const image = await decodePhoto(bytes, 'grey');
  const { data } = await pictureInput(image, facts);
  expect(data[0]).toBeCloseTo((51 / 255 - 0.25) / 0.5, 6);
  const { data: pixels } = await pictureInput(image, facts, { pixels: true });
  expect(pixels[0]).toBeCloseTo((51 * 16) / 255, 6);
});

test('facts of something else than images are refused', async () => {
  const image = await decodePhoto(await photo(8, 8), 'photo');
  await expect(pictureInput(image, { shapes: { words: [12] }, input })).rejects.toThrow(
    /does not take images/,
  );
});
