// From images with objects to one batch of static shape. Suffixes: B batch, H height, W width, C channels, N room for
// objects, h and w a part of H and W.

import { type Bucket, type Collate, type Collated, MaNetError, type Remote, type Rng } from '@ma-net/core';
import type { Decode, Normalisation, Picture } from '@ma-net/data';
import { type ImageTruths, packTruths } from '@ma-net/metrics';
import type { CocoAnnotation } from './objects.ts';
import type { Size } from '@ma-net/data';
import {
  drawView,
  plainView,
  type View,
  viewedBox,
  viewedMask,
  viewedPicture,
  type ViewOptions,
  wholeMask,
} from './view.ts';

/** An image and what stands in it. */
export interface CocoSample {
  readonly image: Picture | Uint8Array;
  /** Its index in the data set. */
  readonly index: number;
  readonly objects: readonly CocoAnnotation[];
  /** What an error calls it. */
  readonly where: string;
  /** What its annotations were made on, where that is known. */
  readonly size?: Size;
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
  /** Views of every image, one after the other; 1 unless given. */
  readonly views?: number;
  /** Whether what a meter compares with is carried beside, as `packTruths` of @ma-net/metrics packs it. */
  readonly truths?: boolean;
}

/**
 * Makes, of every image, `images_BHWC` (float32, normalised; padding is 0 after that), `boxes_BN4` (float32,
 * x0, y0, x1, y1 in pixels of the batch), `labels_BN` (int32; -1 is padding), `sizes_B2` (int32: height and width
 * without padding), `originals_B2` (int32: height and width of the image itself), `indices_B` (int32: which image of the
 * data set; -1 is none) and, with a stride, `masks_BNhw` (float32, 0 and 1) and `centres_BN2` (x, y: their middles). Fewer images than a bucket holds are
 * followed by none, of its whole size. Crowds, and what has no area or is left out of a view, are not among the objects.
 * Throws `bad-data` for more objects than there is room for, and for an image of another size than its annotations are.
 */
export function cocoCollate(
  options: CocoCollateOptions,
  { decode, remote }: { readonly decode?: Decode; readonly remote?: Remote } = {},
): Collate<CocoSample> {
  const { buckets, maskStride, views = 1 } = options;
  const channels = channelsOf(options);

  const batch = async (
    samples: readonly CocoSample[],
    bucket: Bucket,
    rng: Rng,
    places: readonly number[],
  ): Promise<Collated> => {
    const { height, width, objects: room = 0 } = bucket;
    const each = Math.max(bucket.batch, samples.length);
    const count = views * each;
    const images = new Float32Array(count * height * width * 3);
    const boxes = new Float32Array(count * room * 4);
    const labels = new Int32Array(count * room).fill(-1);
    const sizes = Int32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? height : width));
    const originals = sizes.slice();
    const indices = new Int32Array(count).fill(-1);
    const grid = maskStride === undefined ? undefined : gridOf(height, width, maskStride);
    const masks = new Float32Array(grid === undefined ? 0 : count * room * grid.height * grid.width);
    const centres = new Float32Array(grid === undefined ? 0 : count * room * 2);

    const write = (sample: CocoSample, picture: Picture, view: View, b: number): void => {
      writePixels(viewedPicture(picture, view), channels, images, b, width, height);
      sizes.set(view.size, 2 * b);
      originals.set([picture.height, picture.width], 2 * b);
      indices[b] = sample.index;
      const seen = seenObjects(sample, view);
      if (seen.length > room) throw tooMany(sample, seen.length, room);
      for (const [n, { object, box }] of seen.entries()) {
        const slot = b * room + n;
        boxes.set(box, 4 * slot);
        labels[slot] = object.label;
        if (grid === undefined) continue;
        if (object.segmentation === undefined) throw withoutMask(sample, object);
        const mask = viewedMask(object.segmentation, view);
        grid.write(mask, view.size, masks, slot);
        centres.set(centreOf(mask, view.size[1], box), 2 * slot);
      }
    };
    for (const [b, sample] of samples.entries()) {
      const picture = await pictureOf(sample, decode);
      const size = [picture.height, picture.width] as const;
      refuseOtherSize(sample, size);
      for (let v = 0; v < views; v++) {
        const own = rng.split(places[b]!);
        const draws = v === 0 ? own : own.split('view').split(v);
        const view = options.augment
          ? drawView(size, options, [height, width], draws)
          : plainView(size, options, [height, width]);
        write(sample, picture, view, v * each + b);
      }
    }
    const truths = (): readonly ImageTruths[] =>
      samples.map((sample, b) => truthsOf(sample, [originals[2 * b]!, originals[2 * b + 1]!]));
    return {
      tensors: {
        images_BHWC: { shape: [count, height, width, 3], dtype: 'float32', data: images },
        boxes_BN4: { shape: [count, room, 4], dtype: 'float32', data: boxes },
        labels_BN: { shape: [count, room], dtype: 'int32', data: labels },
        sizes_B2: { shape: [count, 2], dtype: 'int32', data: sizes },
        originals_B2: { shape: [count, 2], dtype: 'int32', data: originals },
        indices_B: { shape: [count], dtype: 'int32', data: indices },
        ...(grid === undefined
          ? {}
          : {
              centres_BN2: { shape: [count, room, 2], dtype: 'float32' as const, data: centres },
              masks_BNhw: {
                shape: [count, room, grid.height, grid.width],
                dtype: 'float32' as const,
                data: masks,
              },
            }),
        ...(options.truths === true ? packTruths(truths()) : {}),
      },
    };
  };
  return { buckets, views, batch, ...(remote === undefined ? {} : { remote }) };
}

/** All that is in an image, crowds included. */
function truthsOf({ index, objects }: CocoSample, size: Size): ImageTruths {
  return {
    index,
    size,
    objects: objects.map(({ label, box: [x0, y0, x1, y1], area, crowd, segmentation }) => ({
      label,
      box: [x0, y0, x1 - x0, y1 - y0] as const,
      area,
      crowd,
      ...(segmentation === undefined ? {} : { mask: wholeMask(segmentation, size) }),
    })),
  };
}

/** The mean x and y of the pixels of a mask that are 1; the middle of the box where none is. */
function centreOf(
  mask: Uint8Array,
  width: number,
  [x0, y0, x1, y1]: SeenObject['box'],
): readonly [x: number, y: number] {
  let [count, sumX, sumY] = [0, 0, 0];
  mask.forEach((seen, i) => {
    if (seen === 0) return;
    count++;
    sumX += i % width;
    sumY += Math.floor(i / width);
  });
  return count === 0 ? [(x0 + x1) / 2, (y0 + y1) / 2] : [sumX / count, sumY / count];
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

function refuseOtherSize({ size, where }: CocoSample, [height, width]: Size): void {
  if (size === undefined || (size[0] === height && size[1] === width)) return;
  throw new MaNetError(
    'bad-data',
    `The image is of ${height} x ${width} pixels, its annotations of ${size[0]} x ${size[1]}.`,
    { where, hint: 'correct the height and width of the image in the file of annotations, or the image.' },
  );
}

function withoutMask({ where }: CocoSample, { id }: CocoAnnotation): MaNetError {
  return new MaNetError('bad-data', `Masks are to be learned, and object ${id} of the image has none.`, {
    where,
    hint: 'leave data.maskStride out and learn from boxes alone, as BoxInst does, or add its segmentation.',
  });
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
