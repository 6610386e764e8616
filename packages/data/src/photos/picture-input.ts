// One image, as a network that is done training sees it: the counterpart of what a test batch is made of.

import { type DataFacts, MaNetError } from '@ma-net/core';
import { pixelWriter, UNTOUCHED } from '../augment.ts';
import type { EncodedPicture } from '../sample.ts';
import type { Picture } from '../transforms/picture.ts';
import { centred } from '../transforms/resize.ts';

/**
 * The input [H, W, C] that `facts` make of an image, normalised, or its pixels where the network normalises by itself.
 * Pixels are scaled to the white of the data: 255 counts as white. Throws what reading the image throws, and
 * `bad-argument` for facts that are not of images.
 */
export async function pictureInput(
  image: EncodedPicture,
  { shapes, input }: Pick<DataFacts, 'shapes' | 'input'>,
  { pixels = false }: { readonly pixels?: boolean } = {},
): Promise<{ readonly data: Float32Array<ArrayBuffer>; readonly picture: Picture }> {
  const { mean, std, white, crop = 0.875, interpolation } = input;
  const [height, width, channels] = imageShape(shapes);
  const whole = await image.read(channels);
  const picture =
    whole.height === height && whole.width === width
      ? whole
      : centred(whole, { height, width }, crop, interpolation);
  const data = new Float32Array(height * width * channels);
  if (pixels) {
    for (let i = 0; i < data.length; i++) data[i] = (picture.data[i]! * white) / 255;
  } else {
    const writer = pixelWriter({ channels, white: 255, normalisation: { mean, std } }, 'normalisation');
    writer.write(picture.data, 0, { height, width }, UNTOUCHED, data, 0);
  }
  return { data, picture };
}

function imageShape({ images }: DataFacts['shapes']): readonly [number, number, number] {
  if (images?.length === 3) return images as readonly [number, number, number];
  throw new MaNetError('bad-argument', 'The network does not take images.', {
    where: 'images',
    hint: 'pass a network whose input "images" is [height, width, channels].',
  });
}
