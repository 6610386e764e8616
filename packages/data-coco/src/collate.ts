// From images with objects to one batch of static shape. Suffixes: B batch, H height, W width, C channels, N room for
// objects, h and w a part of H and W.

import { type Bucket, type Collate, type Collated, MaNetError, type Remote, type Rng } from '@ma-net/core';
import type { Decode, Normalisation, Picture } from '@ma-net/data';
import type { CocoAnnotation } from './objects.ts';
import {
  drawView,
  plainView,
  type View,
  viewedBox,
  viewedMask,
  viewedPicture,
  type ViewOptions,
} from './view.ts';

/** An image and what stands in it. */
export interface CocoSample {
  readonly image: Picture | Uint8Array;
  /** Its index in the data set. */
  readonly index: number;
  readonly objects: readonly CocoAnnotation[];
  /** What an error calls it. */
  readonly where: string;
}

export interface CocoCollateOptions extends ViewOptions {
  /** Shapes of batches, each with room for `objects`. */
  readonly buckets: readonly (Bucket & { readonly objects: number })[];
  /** Of the channels in the order that the network sees them; of pixels that run from 0 to `white`. */
  readonly normalisation: Normalisation;
  /** The pixel value that counts as 1: 255 for networks of torchvision, 1 for those that see 0 to 255. */
  readonly white: number;
  readonly channels: 'RGB' | 'BGR';
  /** Masks are given at every so many pixels, from the middle of the first; none are made unless given. */
  readonly maskStride?: number;
  /** Whether views are drawn, as for training; otherwise images are seen as they are evaluated. */
  readonly augment: boolean;
}

/**
 * Makes, of every image, `images_BHWC` (float32, normalised; padding is 0 after that), `boxes_BN4` (float32,
 * x0, y0, x1, y1 in pixels of the batch), `labels_BN` (int32; -1 is padding), `sizes_B2` (int32: height and width
 * without padding), `indices_B` (int32: which image of the data set; -1 is none) and, with a stride, `masks_BNhw`
 * (float32, 0 and 1). Crowds, and what has no area or is left out of a view, are not among them. Throws `bad-data` for
 * more objects than there is room for.
 */
export function cocoCollate(
  options: CocoCollateOptions,
  { decode, remote }: { readonly decode?: Decode; readonly remote?: Remote } = {},
): Collate<CocoSample> {
  const { buckets, maskStride } = options;
  const channels = channelsOf(options);

  const batch = async (
    samples: readonly CocoSample[],
    bucket: Bucket,
    rng: Rng,
    places: readonly number[],
  ): Promise<Collated> => {
    const { height, width, objects: room = 0 } = bucket;
    const count = samples.length;
    const images = new Float32Array(count * height * width * 3);
    const boxes = new Float32Array(count * room * 4);
    const labels = new Int32Array(count * room).fill(-1);
    const sizes = new Int32Array(count * 2);
    const grid = maskStride === undefined ? undefined : gridOf(height, width, maskStride);
    const masks = new Float32Array(grid === undefined ? 0 : count * room * grid.height * grid.width);

    for (const [b, sample] of samples.entries()) {
      const picture = await pictureOf(sample, decode);
      const size = [picture.height, picture.width] as const;
      const view = options.augment
        ? drawView(size, options, [height, width], rng.split(places[b]!))
        : plainView(size, options, [height, width]);
      writePixels(viewedPicture(picture, view), channels, images, b, width, height);
      sizes.set(view.size, 2 * b);
      const seen = seenObjects(sample, view);
      if (seen.length > room) throw tooMany(sample, seen.length, room);
      for (const [n, { object, box }] of seen.entries()) {
        const slot = b * room + n;
        boxes.set(box, 4 * slot);
        labels[slot] = object.label;
        if (grid !== undefined && object.segmentation !== undefined)
          grid.write(viewedMask(object.segmentation, view), view.size, masks, slot);
      }
    }
    const indices = Int32Array.from(samples, ({ index }) => index);
    return {
      tensors: {
        images_BHWC: { shape: [count, height, width, 3], dtype: 'float32', data: images },
        boxes_BN4: { shape: [count, room, 4], dtype: 'float32', data: boxes },
        labels_BN: { shape: [count, room], dtype: 'int32', data: labels },
        sizes_B2: { shape: [count, 2], dtype: 'int32', data: sizes },
        indices_B: { shape: [count], dtype: 'int32', data: indices },
        ...(grid === undefined
          ? {}
          : {
              masks_BNhw: {
                shape: [count, room, grid.height, grid.width],
                dtype: 'float32' as const,
                data: masks,
              },
            }),
      },
    };
  };
  return { buckets, batch, ...(remote === undefined ? {} : { remote }) };
}

interface SeenObject {
  readonly object: CocoAnnotation;
  readonly box: readonly [number, number, number, number];
}

/** What a detector is asked to find in a view. */
function seenObjects({ objects }: CocoSample, view: View): SeenObject[] {
  return objects.flatMap((object) => {
    const [x0, y0, x1, y1] = object.box;
    if (object.crowd || x1 <= x0 || y1 <= y0) return [];
    const box = viewedBox(object.box, view);
    return box === undefined ? [] : [{ object, box }];
  });
}

async function pictureOf({ image, where }: CocoSample, decode: Decode | undefined): Promise<Picture> {
  if (!(image instanceof Uint8Array)) return image;
  if (decode !== undefined) return (await decode(image, where)).read(3);
  throw new MaNetError('bad-argument', 'The image is a file, and nothing was given to decode it with.', {
    where,
    hint: 'pass `decode`; `decodePhoto` of @ma-net/data/node is one.',
  });
}

/** A channel of a network's input: the one of a picture that it is read from, and what each value becomes. */
interface Channel {
  readonly from: number;
  readonly values: Float32Array;
}

function channelsOf({ normalisation, white, channels }: CocoCollateOptions): readonly Channel[] {
  const { mean, std } = normalisation;
  return [0, 1, 2].map((c) => ({
    from: channels === 'RGB' ? c : 2 - c,
    values: Float32Array.from({ length: 256 }, (_, value) => (value / white - mean[c]!) / std[c]!),
  }));
}

function writePixels(
  { height, width, data }: Picture,
  channels: readonly Channel[],
  images: Float32Array,
  b: number,
  columns: number,
  rows: number,
): void {
  for (const [c, { from, values }] of channels.entries()) {
    for (let y = 0; y < height; y++) {
      const to = (b * rows + y) * columns;
      for (let x = 0; x < width; x++) images[3 * (to + x) + c] = values[data[3 * (y * width + x) + from]!]!;
    }
  }
}

/** Every `stride`-th pixel of masks, from the middle of the first. */
function gridOf(height: number, width: number, stride: number) {
  const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
  const first = Math.floor(stride / 2);
  return {
    height: rows,
    width: columns,
    write(mask: Uint8Array, [h, w]: readonly [number, number], out: Float32Array, slot: number): void {
      for (let y = first, row = 0; y < h; y += stride, row++) {
        for (let x = first, column = 0; x < w; x += stride, column++) {
          out[(slot * rows + row) * columns + column] = mask[y * w + x]!;
        }
      }
    },
  };
}

function tooMany({ where }: CocoSample, found: number, room: number): MaNetError {
  return new MaNetError(
    'bad-data',
    `The image has ${found} objects, and a batch has room for ${room} an image.`,
    {
      where,
      hint: `set data.objects=${found}, or remove the image.`,
    },
  );
}
