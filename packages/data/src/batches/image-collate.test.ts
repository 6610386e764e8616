import { type Bucket, MaNetError, Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import type { Augmentation } from '../augment.ts';
import type { ImageSample } from '../sample.ts';
import { cut, mirror } from '../transforms/picture.ts';
import { centred } from '../transforms/resize.ts';
import { type ImageCollateOptions, imageCollate } from './image-collate.ts';

const bucket: Bucket = { height: 8, width: 8, batch: 2 };
const options: ImageCollateOptions = {
  buckets: [bucket],
  channels: 3,
  white: 255,
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  classes: 3,
};

const sample = (seed: number, height = 8, width = 8, channels = 3): ImageSample => {
  const rng = Rng.fromSeed(seed);
  const data = Uint8Array.from({ length: height * width * channels }, () => rng.integer(256));
  return { image: { height, width, channels, data }, label: seed % 3, where: `image ${seed}` };
};

const images = async (
  of: Partial<ImageCollateOptions>,
  samples: ImageSample[],
  seed = 0,
): Promise<number[]> => {
  const made = imageCollate({ ...options, ...of }).batch(samples, bucket, Rng.fromSeed(seed), [4, 9]);
  return [...(await made).tensors['images_BHWC']!.data];
};
const pictureOf = ({ image }: ImageSample) => image as Exclude<ImageSample['image'], Uint8Array>;
const grey = (data: Uint8Array): number[] => [...data].map((v) => Math.fround(v / 255));

describe('geometry', () => {
  test('is the same whether colours are changed after it or not', async () => {
    const samples = [sample(1), sample(2)];
    for (let seed = 0; seed < 8; seed++) {
      const augment: Augmentation = { padCrop: 3, padValue: 128, flip: true, cutout: 3 };
      const idle: Augmentation = { ...augment, jitter: { probability: 0 } };
      expect(await images({ augment: idle }, samples, seed)).toEqual(
        await images({ augment }, samples, seed),
      );
    }
  });

  test('of evaluation is the middle, of another size resized', async () => {
    const large = sample(3, 20, 31);
    const same = sample(4);
    const found = await images({ crop: 0.8 }, [large, same]);
    expect(found.slice(0, 192)).toEqual(grey(centred(pictureOf(large), bucket, 0.8).data));
    expect(found.slice(192)).toEqual(grey(pictureOf(same).data));
  });

  test('of a resized crop of all of the image is the image, or its mirror', async () => {
    const augment: Augmentation = { resizedCrop: { scale: [1, 1], ratio: [1, 1] }, flip: true };
    const one = sample(5);
    const seen = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      seen.add((await images({ augment }, [one, one], seed)).slice(0, 192).join());
    }
    const expected = [pictureOf(one), mirror(pictureOf(one))].map(({ data }) => grey(data).join());
    expect([...seen].sort()).toEqual(expected.sort());
  });
});

test('what one change draws does not move another', async () => {
  const samples = [sample(1, 30, 40), sample(2, 40, 30)];
  const base: Augmentation = { resizedCrop: {}, flip: true };
  const plain = await images({ augment: base }, samples, 3);
  const erased = await images({ augment: { ...base, erase: 1 } }, samples, 3);
  const blanked = await images({ augment: { ...base, cutout: 2 } }, samples, 3);
  for (const changed of [erased, blanked]) {
    const kept = changed.filter((v, i) => v === plain[i]).length;
    expect(kept).toBeGreaterThan(plain.length / 2);
    expect(kept).toBeLessThan(plain.length);
  }
});

test('an image is the same wherever in a batch it is, for its place in the epoch', async () => {
  const augment: Augmentation = { resizedCrop: {}, policy: {}, jitter: { hue: 0.2 } };
  const made = imageCollate({ ...options, augment });
  const [a, b] = [sample(7, 20, 20), sample(8, 20, 20)];
  const of = async (samples: ImageSample[], places: number[]) => [
    ...(await made.batch(samples, bucket, Rng.fromSeed(1), places)).tensors['images_BHWC']!.data,
  ];
  const ab = await of([a, b], [10, 11]);
  const ba = await of([b, a], [11, 10]);
  expect(ba).toEqual([...ab.slice(192), ...ab.slice(0, 192)]);
});

test('a part of a picture in memory is cut from it', async () => {
  const one = sample(9, 12, 10);
  const augment: Augmentation = { resizedCrop: { scale: [0.5, 0.5], ratio: [1, 1] } };
  // 60 of 120 pixels, square: 8 x 8 at a random place.
  const found = await images({ augment }, [one, one], 2);
  const places = [0, 1, 2, 3, 4].flatMap((top) => [0, 1, 2].map((left) => ({ top, left })));
  const parts = places.map((at) => grey(cut(pictureOf(one), { ...at, height: 8, width: 8 }).data).join());
  expect(parts).toContain(found.slice(0, 192).join());
});

describe('what is refused', () => {
  const code = async (act: () => unknown): Promise<unknown> => {
    try {
      await act();
      return undefined;
    } catch (error) {
      return error instanceof MaNetError ? error.code : error;
    }
  };

  test.each<[string, Partial<ImageCollateOptions>]>([
    ['colours of few grey levels', { white: 16, augment: { grey: 0.5 } }],
    ['a negative jitter', { augment: { jitter: { brightness: -1 } } }],
    ['a hue of more than half a turn', { augment: { jitter: { hue: 0.6 } } }],
    ['a probability above 1', { augment: { erase: 1.5 } }],
    ['half a view', { views: 0.5 }],
    ['no classes', { classes: 0 }],
    ['mixing of a later view', { augment: [{}, { mixup: 1 }], views: 2 }],
    ['a negative mixup', { augment: { mixup: -1 } }],
    ['a wrong normalisation', { normalisation: { mean: [0], std: [1] } }],
  ])('%s', async (_, of) => {
    expect(await code(() => imageCollate({ ...options, ...of }))).toBe('bad-argument');
  });

  test('an image of another number of channels, by name', async () => {
    await expect(images({}, [sample(1), sample(2, 8, 8, 1)])).rejects.toMatchObject({ code: 'bad-data' });
    await expect(images({}, [sample(1), sample(2, 8, 8, 1)])).rejects.toThrow(/image 2/);
  });

  test('a file where nothing decodes', async () => {
    const file: ImageSample = { image: new Uint8Array(9), label: 0, where: 'photo.jpg' };
    await expect(images({}, [file, file])).rejects.toMatchObject({ code: 'bad-argument' });
  });

  test('a crop of more than all', async () => {
    expect(await code(() => images({ crop: 2 }, [sample(1, 9, 9), sample(2)]))).toBe('bad-argument');
  });
});
