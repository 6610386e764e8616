// One image, as a network that is done training sees it: the counterpart of what a test batch is made of.

import { type DataFacts, MaNetError, type WholeImage } from '@ma-net/core';
import { pixelWriter, UNTOUCHED } from '../augment.ts';
import { nearestBucket } from '../batches/order.ts';
import type { EncodedPicture } from '../sample.ts';
import { fittedSize, type Size } from '../transforms/fitted.ts';
import type { Picture } from '../transforms/picture.ts';
import { centred, resize } from '../transforms/resize.ts';

/** An image as a network sees it. */
export interface PictureInput {
  /** [H, W, C]. */
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: readonly [height: number, width: number, channels: number];
  /** What of the image is seen, before it was normalised and padded. */
  readonly picture: Picture;
  /** Of the image itself, [height, width]. */
  readonly original: Size;
}

/**
 * The input that `facts` make of an image, normalised, or its pixels where the network normalises by itself. Pixels are
 * scaled to the white of the data: 255 counts as white. An image that is seen whole gets the shape it fits best where the
 * network takes them all (`anyShape`). Throws what reading the image throws, and `bad-argument` for facts that are not of
 * images.
 */
export async function pictureInput(
  image: EncodedPicture,
  { shapes, input }: Pick<DataFacts, 'shapes' | 'input'>,
  { pixels = false, anyShape = false }: { readonly pixels?: boolean; readonly anyShape?: boolean } = {},
): Promise<PictureInput> {
  const { mean, std, white, crop = 0.875, interpolation } = input;
  const [height, width, channels] = imageShape(shapes);
  const picture = await image.read(channels);
  const original = [picture.height, picture.width] as const;
  if (input.whole !== undefined) {
    const room = anyShape ? roomFor(original, input.whole) : { height, width };
    return { ...wholeInput(picture, input, input.whole, room, pixels), original };
  }
  const seen =
    picture.height === height && picture.width === width
      ? picture
      : centred(picture, { height, width }, crop, interpolation);
  const data = new Float32Array(height * width * channels);
  if (pixels) {
    for (let i = 0; i < data.length; i++) data[i] = (seen.data[i]! * white) / 255;
  } else {
    const writer = pixelWriter({ channels, white: 255, normalisation: { mean, std } }, 'normalisation');
    writer.write(seen.data, 0, { height, width }, UNTOUCHED, data, 0);
  }
  return { data, shape: [height, width, channels], picture: seen, original };
}

function roomFor(original: Size, { buckets }: WholeImage): { height: number; width: number } {
  const batches = buckets.map((bucket) => ({ ...bucket, batch: 1 }));
  return buckets[nearestBucket(batches, original)]!;
}

/** Beyond the image, a network that normalises by itself gets what it makes 0 of; and RGB, whatever it sees itself. */
function wholeInput(
  picture: Picture,
  { mean, std, white }: DataFacts['input'],
  whole: WholeImage,
  { height, width }: { readonly height: number; readonly width: number },
  pixels: boolean,
): Omit<PictureInput, 'original'> {
  const [h, w] = fittedSize([picture.height, picture.width], whole, [height, width]);
  const seen =
    picture.height === h && picture.width === w ? picture : resize(picture, { height: h, width: w });
  const { channels } = picture;
  // Pixels are red, green and blue for whoever turns them round by itself.
  const turned = (c: number): number => (whole.channels === 'BGR' ? channels - 1 - c : c);
  const from = pixels ? (c: number): number => c : turned;
  const data = new Float32Array(height * width * channels);
  for (let c = 0; c < channels; c++) {
    const value = (pixel: number): number => (pixels ? pixel : (pixel / white - mean[c]!) / std[c]!);
    const table = Float32Array.from({ length: 256 }, (_, pixel) => value(pixel));
    if (pixels) for (let i = c; i < data.length; i += channels) data[i] = mean[turned(c)]! * white;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++)
        data[(y * width + x) * channels + c] = table[seen.data[(y * w + x) * channels + from(c)]!]!;
    }
  }
  return { data, shape: [height, width, channels], picture: seen };
}

function imageShape({ images }: DataFacts['shapes']): readonly [number, number, number] {
  if (images?.length === 3) return images as readonly [number, number, number];
  throw new MaNetError('bad-argument', 'The network does not take images.', {
    where: 'images',
    hint: 'pass a network whose input "images" is [height, width, channels].',
  });
}
