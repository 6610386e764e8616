// From labelled images to one batch: decode, crop, change, normalise. Suffixes: B batch, H height, W width,
// C channels, K classes.

import {
  type Bucket,
  type Collate,
  type Collated,
  type HostTensor,
  MaNetError,
  type Rng,
  type Remote,
} from '@ma-net/core';
import {
  type Augmentation,
  checkAugmentation,
  type PixelWriter,
  pixelWriter,
  place,
  type Scale,
  UNTOUCHED,
} from '../augment.ts';
import type { Decode, EncodedPicture, ImageSample } from '../sample.ts';
import { grey } from '../transforms/colour.ts';
import { erasedBox, resizedCropBox } from '../transforms/crop.ts';
import { jitter } from '../transforms/jitter.ts';
import { mixBatch, mixedTargets } from '../transforms/mix.ts';
import { blank, cut, mirror, type Picture } from '../transforms/picture.ts';
import { autoAugmentCifar, randAugment, randAugmentIncreasing } from '../transforms/policies.ts';
import { centred, resize } from '../transforms/resize.ts';

/** How images become batches; plain data, so that a worker can be told. */
export interface ImageCollateOptions extends Scale {
  readonly buckets: readonly Bucket[];
  readonly classes: number;
  /** Of a view, or of each; the last one serves the views beyond. Nothing unless given: images as they are evaluated. */
  readonly augment?: Augmentation | readonly Augmentation[];
  readonly views?: number;
  /** The part of the tighter side that the middle is cut to, where an image has another size; 0.875 unless given. */
  readonly crop?: number;
  /** Of that; bilinear unless given. */
  readonly interpolation?: 'bilinear' | 'bicubic';
  /** Images that cannot be decoded: an error unless `skip`, which puts another image of the batch in their place. */
  readonly corrupt?: 'error' | 'skip';
}

/**
 * Makes `images_BHWC` (float32, normalised) and `labels_B` (int32), and `targets_BK` (float32) where images are
 * mixed. Views come one after the other: B is views times the batch of the bucket.
 */
export function imageCollate(
  options: ImageCollateOptions,
  { decode = undecodable, remote }: { readonly decode?: Decode; readonly remote?: Remote } = {},
): Collate<ImageSample> {
  const { buckets, views = 1, channels, corrupt = 'error' } = options;
  const augments = [options.augment ?? {}].flat();
  checkOptions(options, augments);
  const writers = augments.map(({ padValue }) => pixelWriter(options, 'normalisation', padValue));
  const viewers = Array.from({ length: views }, (_, v) => {
    const at = Math.min(v, augments.length - 1);
    return viewer(options, augments[at]!, writers[at]!);
  });

  const mixing = augments[0]!;
  const mixed = (mixing.mixup ?? 0) > 0 || (mixing.cutmix ?? 0) > 0;

  const batch = async (
    samples: readonly ImageSample[],
    bucket: Bucket,
    rng: Rng,
    places: readonly number[],
  ): Promise<Collated> => {
    const count = samples.length;
    const { height, width } = bucket;
    const size = height * width * channels;
    const images = new Float32Array(views * count * size);
    const skipped: string[] = [];
    const write = async (b: number): Promise<boolean> => {
      const { image, where } = samples[b]!;
      try {
        const encoded = image instanceof Uint8Array ? await decode(image, where) : inMemory(image, where);
        for (const [v, view] of viewers.entries()) {
          const own = rng.split(places[b]!);
          await view(encoded, bucket, v === 0 ? own : own.split('view').split(v), images, v * count + b);
        }
        return true;
      } catch (error) {
        if (corrupt === 'error' || !(error instanceof MaNetError) || error.code !== 'bad-data') throw error;
        skipped.push(where);
        return false;
      }
    };
    const usable = await Promise.all(samples.map((_, b) => write(b)));
    const labels = Int32Array.from({ length: views * count }, (_, i) => samples[i % count]!.label);
    replaceUnusable(usable, images, labels, size, views, skipped);
    const tensors: Record<string, HostTensor> = {
      images_BHWC: { shape: [views * count, height, width, channels], dtype: 'float32', data: images },
      labels_B: { shape: [views * count], dtype: 'int32', data: labels },
    };
    if (mixed) {
      const shape = [views * count, height, width, channels] as const;
      const own = mixBatch({ data: images, shape }, mixing, rng.split('mix').split(places[0]!));
      const data = mixedTargets(labels, options.classes, own);
      tensors['targets_BK'] = { shape: [views * count, options.classes], dtype: 'float32', data };
    }
    return skipped.length === 0 ? { tensors } : { tensors, skipped };
  };
  // Another image of the batch may stand in for one that cannot be decoded.
  const whole = mixed || corrupt === 'skip';
  return { buckets, views, whole, batch, ...(remote === undefined ? {} : { remote }) };
}

/** An image in the place of each that could not be used: the next one that could. */
function replaceUnusable(
  usable: readonly boolean[],
  images: Float32Array,
  labels: Int32Array,
  size: number,
  views: number,
  skipped: readonly string[],
): void {
  const count = usable.length;
  if (skipped.length === count) {
    throw new MaNetError('bad-data', `None of the ${count} images of a mini-batch can be decoded.`, {
      where: skipped.slice(0, 4).join(', '),
      hint: 'look at the folder with `manet data check`.',
    });
  }
  for (let b = 0; b < count; b++) {
    if (usable[b]) continue;
    let other = (b + 1) % count;
    while (!usable[other]) other = (other + 1) % count;
    for (let v = 0; v < views; v++) {
      const [to, from] = [v * count + b, v * count + other];
      images.copyWithin(to * size, from * size, (from + 1) * size);
      labels[to] = labels[from]!;
    }
  }
}

type View = (image: EncodedPicture, bucket: Bucket, rng: Rng, out: Float32Array, at: number) => Promise<void>;

/** One way of looking at an image. Every change draws from a generator of its own, so that none moves another. */
function viewer(options: ImageCollateOptions, augment: Augmentation, writer: PixelWriter): View {
  const { channels, normalisation, white } = options;
  const { resizedCrop, policy, jitter: colours, grey: colourless = 0, erase = 0, padValue } = augment;
  const { padCrop = 0 } = augment;
  const onPixels = policy !== undefined || colours !== undefined || colourless > 0;
  const padding = normalisation.mean.map((mean) => Math.round(padValue ?? mean * white));

  const fit = async (image: EncodedPicture, bucket: Bucket, rng: Rng): Promise<Picture> => {
    if (resizedCrop !== undefined) {
      const draws = rng.split('crop');
      const box = resizedCropBox(image, resizedCrop, () => draws.uniform());
      const { interpolation = 'bilinear' } = resizedCrop;
      return resize(await image.read(channels, box), bucket, { interpolation });
    }
    const picture = await image.read(channels);
    if (picture.height === bucket.height && picture.width === bucket.width) return picture;
    return centred(picture, bucket, options.crop ?? 0.875, options.interpolation);
  };

  const change = (picture: Picture, rng: Rng): Picture => {
    let out = picture;
    if (policy === 'autoaugment-cifar') out = autoAugmentCifar(out, rng.split('policy'), padding);
    else if (policy === 'randaugment-increasing') out = randAugmentIncreasing(out, rng.split('policy'));
    else if (policy !== undefined) out = randAugment(out, policy, rng.split('policy'), padding);
    if (colours !== undefined) out = jitter(out, colours, rng.split('jitter'));
    if (colourless > 0 && rng.split('grey').uniform() < colourless) out = grey(out);
    return out;
  };

  return async (image, bucket, rng, out, at) => {
    let picture = await fit(image, bucket, rng);
    const { height, width } = bucket;
    let placement = place(augment, [height, width, channels], rng);
    if (onPixels) {
      const { dx, dy, mirrored, blank: blanked } = placement;
      picture = moved(picture, padCrop, dx, dy, padding);
      if (mirrored) picture = mirror(picture);
      picture = change(picture, rng);
      placement = { ...UNTOUCHED, blank: blanked };
    }
    writer.write(picture.data, 0, bucket, placement, out, at);
    if (erase > 0) eraseBox(out, at, bucket, channels, erase, rng.split('erase'));
  };
}

/** The picture padded by `pad` on every side, and cut out of that [dy, dx] from its own place. */
function moved(picture: Picture, pad: number, dx: number, dy: number, padding: readonly number[]): Picture {
  if (dx === 0 && dy === 0) return picture;
  const { height, width, channels } = picture;
  const padded = blank({ height: height + 2 * pad, width: width + 2 * pad, channels });
  for (let i = 0; i < padded.data.length; i++) padded.data[i] = padding[i % channels]!;
  for (let y = 0; y < height; y++) {
    const row = picture.data.subarray(y * width * channels, (y + 1) * width * channels);
    padded.data.set(row, ((y + pad) * padded.width + pad) * channels);
  }
  return cut(padded, { top: pad + dy, left: pad + dx, height, width });
}

function eraseBox(
  out: Float32Array,
  at: number,
  { height, width }: Bucket,
  channels: number,
  probability: number,
  rng: Rng,
): void {
  if (rng.uniform() >= probability) return;
  const box = erasedBox({ height, width }, () => rng.uniform());
  if (box === undefined) return;
  const row = box.width * channels;
  for (let y = box.top; y < box.top + box.height; y++) {
    out.set(rng.normals(row, 1), ((at * height + y) * width + box.left) * channels);
  }
}

/** Pixels that are here already look like a file that is read. */
function inMemory(picture: Picture, where: string): EncodedPicture {
  return {
    height: picture.height,
    width: picture.width,
    read: async (channels, box) => {
      if (picture.channels !== channels) {
        throw new MaNetError(
          'bad-data',
          `The image has ${picture.channels} channels; expected ${channels}.`,
          {
            where,
            hint: 'give all images of a set the same number of channels.',
          },
        );
      }
      return box === undefined ? picture : cut(picture, box);
    },
  };
}

const undecodable: Decode = async (_, where) => {
  throw new MaNetError('bad-argument', 'The image is a file, and nothing was given to decode it with.', {
    where,
    hint: 'in Node, use photoCollate of @ma-net/data/node; elsewhere pass `decode`.',
  });
};

function checkOptions(
  { views = 1, classes, channels, white }: ImageCollateOptions,
  augments: readonly Augmentation[],
): void {
  for (const augment of augments) checkAugmentation(augment);
  for (const [field, value] of Object.entries({ views, classes })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new MaNetError('bad-argument', `${field} is ${value}; expected a whole number of at least 1.`, {
      where: field,
      hint: 'give the number of views of an image, and of classes.',
    });
  }
  const colours = augments.some(
    ({ policy, jitter: j, grey: g = 0 }) => policy !== undefined || j !== undefined || g > 0,
  );
  if (colours && (white !== 255 || ![1, 3].includes(channels))) {
    throw new MaNetError(
      'bad-argument',
      `Images of ${channels} channels and ${white} grey levels cannot have their colours changed.`,
      {
        where: 'augment',
        hint: 'policy, jitter and grey are for images of 1 or 3 channels with values 0 to 255.',
      },
    );
  }
  const mixed = augments.filter(({ mixup = 0, cutmix = 0 }) => mixup > 0 || cutmix > 0);
  if (mixed.length > 0 && mixed[0] !== augments[0]) {
    throw new MaNetError('bad-argument', 'mixup and cutmix are of the whole batch, not of a later view.', {
      where: 'augment',
      hint: 'give them with the augmentation of the first view.',
    });
  }
}
