import { type Bucket, type Dataset, MaNetError, Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import type { Augmentation } from '../augment.ts';
import { createImageSet, datasetOf, type ImageSet } from '../image-set.ts';
import type { ImageSample } from '../sample.ts';
import { createStream } from '../stream.ts';
import { type ImageCollateOptions, imageCollate } from './image-collate.ts';
import { createSource, type Crew, type HostSource } from './source.ts';
import { halves } from './split.ts';

const randomSet = (
  seed: number,
  count: number,
  shape: readonly [number, number, number],
): Promise<ImageSet> => {
  const rng = Rng.fromSeed(seed);
  return createImageSet({
    name: 'random',
    images: Uint8Array.from({ length: count * shape[0] * shape[1] * shape[2] }, () => rng.integer(256)),
    labels: Int32Array.from({ length: count }, (_, i) => i % 3),
    shape,
    classNames: ['a', 'b', 'c'],
    white: 255,
    normalisation: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.25] },
  });
};

const optionsOf = (set: ImageSet, batch: number, augment: Augmentation = {}): ImageCollateOptions => ({
  buckets: [{ height: set.shape[0], width: set.shape[1], batch }],
  channels: set.shape[2],
  white: set.white,
  normalisation: set.normalisation,
  classes: set.classNames.length,
  augment,
});

const take = async (source: HostSource, count: number, split?: string) => {
  const batches: { images: number[]; labels: number[] }[] = [];
  for (let i = 0; i < count; i++) {
    const { images_BHWC, labels_B } = await source.next(split);
    batches.push({ images: [...images_BHWC!.data], labels: [...labels_B!.data] });
  }
  return batches;
};

const codeOf = async (act: () => unknown): Promise<string> => {
  try {
    await act();
  } catch (error) {
    if (error instanceof MaNetError) return error.code;
    throw error;
  }
  return 'nothing was refused';
};

describe('a source over a set in memory', () => {
  const augments: Augmentation[] = [
    {},
    { flip: true },
    { padCrop: 2, flip: true, cutout: 3 },
    { padCrop: 1, padValue: 128 },
  ];
  test.each(augments)('gives the bits of createStream: %o', async (augment) => {
    for (const seed of [0, 1]) {
      const set = await randomSet(seed, 23, [7, 6, 3]);
      const stream = createStream(set, { batchSize: 5, augment, rng: Rng.fromSeed(seed) });
      const source = createSource(datasetOf(set), imageCollate(optionsOf(set, 5, augment)), {
        rng: Rng.fromSeed(seed),
      });
      expect(source.batchesPerEpoch).toBe(stream.batchesPerEpoch);
      for (const batch of await take(source, 9)) {
        const expected = stream.next();
        expect(batch.labels).toEqual([...expected.labels]);
        expect(batch.images).toEqual([...expected.images]);
      }
      expect(source.state()).toEqual(stream.state());
    }
  });

  test('continues, bit for bit, from every place', async () => {
    const set = await randomSet(3, 11, [5, 5, 3]);
    const augment = { padCrop: 1, flip: true, jitter: { brightness: 0.4, hue: 0.1 }, mixup: 0.8, erase: 0.5 };
    const open = () =>
      createSource(datasetOf(set), imageCollate(optionsOf(set, 3, augment)), { rng: Rng.fromSeed(9) });
    const all = await take(open(), 8);
    for (const done of [0, 1, 2, 3, 5]) {
      const first = open();
      await take(first, done);
      const saved = JSON.parse(JSON.stringify(first.state()));
      const second = open();
      await take(second, 2);
      second.restore(saved);
      expect(await take(second, 8 - done)).toEqual(all.slice(done));
    }
  });

  test('refuses a state of other images or of another batch size', async () => {
    const set = await randomSet(3, 11, [5, 5, 3]);
    const other = await randomSet(4, 11, [5, 5, 3]);
    const open = (of: ImageSet, batch: number) =>
      createSource(datasetOf(of), imageCollate(optionsOf(of, batch)), { rng: Rng.fromSeed(0) });
    const source = open(set, 3);
    await take(source, 2);
    expect(await codeOf(() => open(other, 3).restore(source.state()))).toBe('bad-data');
    expect(await codeOf(() => open(set, 9).restore(source.state()))).toBe('bad-argument');
    expect(await codeOf(() => open(set, 12))).toBe('bad-argument');
  });

  test('refuses a state that is none: it may come from a file', async () => {
    const set = await randomSet(3, 12, [5, 5, 3]);
    const dataset = datasetOf(set);
    const source = createSource(dataset, imageCollate(optionsOf(set, 3)), {
      rng: Rng.fromSeed(0),
      splits: halves(dataset, ['a', 'b'], 7),
    });
    const state = source.state();
    for (const none of [undefined, null, 3, 'x', [], {}]) {
      expect(await codeOf(() => source.restore(none))).toBe('bad-data');
    }
    const place = { epoch: 0, position: 0 };
    for (const [change, code] of [
      [{ epoch: -1 }, 'bad-argument'],
      [{ position: 4 }, 'bad-argument'],
      [{ position: '0' }, 'bad-argument'],
      [{ rng: undefined }, 'bad-argument'],
      [{ splits: null }, 'bad-argument'],
      [{ splits: { a: null } }, 'bad-argument'],
      [{ splits: { a: { ...place, position: 2 } } }, 'bad-argument'],
      [{ splits: { c: place } }, 'unknown-name'],
    ] as const) {
      expect(await codeOf(() => source.restore({ ...state, ...change })), JSON.stringify(change)).toBe(code);
    }
    source.restore({ ...state, splits: { a: { ...place, position: 1 } } });
    await take(source, 2, 'a');
  });
});

describe('views', () => {
  test('come one after the other, each changed by itself, the first as it is without them', async () => {
    const set = await randomSet(5, 8, [6, 6, 3]);
    const one = createSource(datasetOf(set), imageCollate(optionsOf(set, 4, { flip: true, padCrop: 1 })), {
      rng: Rng.fromSeed(1),
    });
    const two = createSource(
      datasetOf(set),
      imageCollate({
        ...optionsOf(set, 4),
        augment: [{ flip: true, padCrop: 1 }, { cutout: 4 }],
        views: 2,
      }),
      { rng: Rng.fromSeed(1) },
    );
    expect(two.views).toBe(2);
    const [[a], [b]] = [await take(one, 1), await take(two, 1)];
    expect(b!.labels).toEqual([...a!.labels, ...a!.labels]);
    const half = b!.images.length / 2;
    expect(b!.images.slice(0, half)).toEqual(a!.images);
    expect(b!.images.slice(half)).not.toEqual(a!.images);
    // The second view blanks a part of every image, and the first nothing.
    const blanks = (values: number[]) => values.filter((v) => v === 0).length;
    expect(blanks(b!.images.slice(half))).toBeGreaterThanOrEqual(4 * 2 * 2 * 3);
  });
});

describe('splits', () => {
  test('are drawn from by name, each at its own pace, and are resumed', async () => {
    const set = await randomSet(6, 18, [4, 4, 3]);
    const dataset = datasetOf(set);
    const splits = halves(dataset, ['weights', 'alphas'], 7);
    const open = () =>
      createSource(dataset, imageCollate(optionsOf(set, 3)), { rng: Rng.fromSeed(2), splits });
    const source = open();
    const seen = { weights: new Set<string>(), alphas: new Set<string>() };
    for (const name of ['weights', 'alphas', 'weights', 'weights', 'alphas'] as const) {
      const { images } = (await take(source, 1, name))[0]!;
      for (let i = 0; i < 3; i++) seen[name].add(images.slice(i * 48, (i + 1) * 48).join());
    }
    // Three batches are all nine images of a half, and none of the other half.
    expect(seen.weights.size).toBe(9);
    expect([...seen.alphas].filter((image) => seen.weights.has(image))).toEqual([]);

    const saved = JSON.parse(JSON.stringify(source.state()));
    const next = [await take(source, 2, 'alphas'), await take(source, 2, 'weights'), await take(source, 1)];
    const again = open();
    again.restore(saved);
    expect([await take(again, 2, 'alphas'), await take(again, 2, 'weights'), await take(again, 1)]).toEqual(
      next,
    );
    expect(await codeOf(() => source.next('gammas'))).toBe('unknown-name');
  });
});

describe('buckets', () => {
  const buckets: Bucket[] = [
    { height: 4, width: 8, batch: 3 },
    { height: 8, width: 4, batch: 2 },
  ];
  /** Wide and tall images; each is one value, which tells them apart. */
  const mixed = (): Dataset<ImageSample> & { sizeOf(index: number): readonly [number, number] } => {
    const sizeOf = (index: number) => (index % 3 === 0 ? ([9, 5] as const) : ([5, 9] as const));
    return {
      name: 'mixed',
      size: 25,
      fingerprint: 'mixed',
      sizeOf,
      read: async (index) => {
        const [height, width] = sizeOf(index);
        const data = new Uint8Array(height * width * 3).fill(index * 10);
        return { image: { height, width, channels: 3, data }, label: index % 2, where: `image ${index}` };
      },
    };
  };
  const options: ImageCollateOptions = {
    buckets,
    channels: 3,
    white: 255,
    normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
    classes: 2,
  };

  test('hold whole batches of images of their own proportions, each image at most once an epoch', async () => {
    const dataset = mixed();
    const source = createSource(dataset, imageCollate(options), { rng: Rng.fromSeed(4) });
    // 9 tall images are 4 batches of 2; 16 wide ones are 5 batches of 3.
    expect(source.batchesPerEpoch).toBe(9);
    for (let epoch = 0; epoch < 2; epoch++) {
      const seen = new Set<number>();
      const shapes = new Map<string, number>();
      for (let i = 0; i < 9; i++) {
        const { images_BHWC } = await source.next();
        const [batch, height, width] = images_BHWC!.shape as [number, number, number];
        const shape = `${batch} x ${height} x ${width}`;
        shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
        for (let b = 0; b < batch; b++) {
          const index = Math.round((images_BHWC!.data[b * height * width * 3]! * 255) / 10);
          expect(dataset.sizeOf(index)[0] > dataset.sizeOf(index)[1]).toBe(height > width);
          expect(seen.has(index)).toBe(false);
          seen.add(index);
        }
      }
      expect(Object.fromEntries(shapes)).toEqual({ '3 x 4 x 8': 5, '2 x 8 x 4': 4 });
    }
  });

  test('are refused where sizes are not known, or make no sense', async () => {
    const { sizeOf: _, ...unknown } = mixed();
    const open = (dataset: Dataset<ImageSample>, of: readonly Bucket[]) =>
      createSource(dataset, imageCollate({ ...options, buckets: of }), { rng: Rng.fromSeed(0) });
    expect(await codeOf(() => open(unknown, buckets))).toBe('bad-argument');
    expect(await codeOf(() => open(mixed(), []))).toBe('bad-argument');
    expect(await codeOf(() => open(mixed(), [{ height: 4, width: 0, batch: 2 }]))).toBe('bad-argument');
  });
});

describe('parts of batches', () => {
  /** Batches of all parts, one below the other, of every view; and how many samples each part read of every batch. */
  const together = async (
    set: ImageSet,
    size: number,
    options: ImageCollateOptions,
    crew = false,
  ): Promise<{ batches: { images: number[]; labels: number[] }[]; read: number[] }> => {
    const { views = 1 } = options;
    const pixels = set.shape.reduce((a, b) => a * b);
    const read: number[] = [];
    const parts = await Promise.all(
      Array.from({ length: size }, async (_, rank) => {
        let count = 0;
        const dataset = datasetOf(set);
        const counted: Dataset<ImageSample> = { ...dataset, read: (i) => (count++, dataset.read(i)) };
        const collate = imageCollate(options);
        const others: Crew<ImageSample> = {
          size: 2,
          run: ({ samples, bucket, rng, places }) =>
            collate.batch(samples, bucket, Rng.fromState(rng), places),
          close: async () => undefined,
        };
        const source = createSource(counted, collate, {
          rng: Rng.fromSeed(3),
          ...(crew ? { crew: others } : {}),
        });
        // Shared while others run: what was read ahead is read anew.
        await source.next();
        source.share({ rank, size });
        count = 0;
        const batches = await take(source, 4);
        read.push(count / 4);
        expect(source.state()).toMatchObject({ position: 5 });
        return batches;
      }),
    );
    const joined = (rows: readonly (readonly number[])[], each: number): number[] =>
      Array.from({ length: views }, (_, v) =>
        rows.flatMap((own) => own.slice(v * each, (v + 1) * each)),
      ).flat();
    const batch = options.buckets[0]!.batch;
    return {
      read,
      batches: parts[0]!.map((_, b) => ({
        images: joined(
          parts.map((part) => part[b]!.images),
          (batch / size) * pixels,
        ),
        labels: joined(
          parts.map((part) => part[b]!.labels),
          batch / size,
        ),
      })),
    };
  };
  const wholeBatches = async (set: ImageSet, options: ImageCollateOptions) => {
    const source = createSource(datasetOf(set), imageCollate(options), { rng: Rng.fromSeed(3) });
    return (await take(source, 5)).slice(1);
  };

  test.each([2, 3, 6])('of %i are the bytes of the whole, and no other sample is read', async (size) => {
    const set = await randomSet(1, 50, [7, 6, 3]);
    for (const views of [1, 2]) {
      const options = { ...optionsOf(set, 6, { padCrop: 2, flip: true, erase: 0.5 }), views };
      const { batches, read } = await together(set, size, options);
      expect(batches).toEqual(await wholeBatches(set, options));
      expect(read).toEqual(Array(size).fill(6 / size));
    }
  });

  test('made by others, too', async () => {
    const set = await randomSet(1, 50, [7, 6, 3]);
    const options = optionsOf(set, 6, { flip: true });
    const { batches, read } = await together(set, 2, options, true);
    expect(batches).toEqual(await wholeBatches(set, options));
    // Three batches are read ahead.
    expect(read).toEqual([(3 * 7) / 4, (3 * 7) / 4]);
  });

  test.each([{ mixup: 0.8 }, { cutmix: 1 }])(
    'that change one another are cut from the whole: %o',
    async (augment) => {
      const set = await randomSet(1, 50, [7, 6, 3]);
      const options = optionsOf(set, 6, augment);
      const { batches, read } = await together(set, 3, options);
      expect(batches).toEqual(await wholeBatches(set, options));
      expect(read).toEqual([6, 6, 6]);
    },
  );

  test('have to be equal, and to exist', async () => {
    const set = await randomSet(1, 50, [7, 6, 3]);
    const source = createSource(datasetOf(set), imageCollate(optionsOf(set, 6)), { rng: Rng.fromSeed(3) });
    for (const share of [
      { rank: 0, size: 4 },
      { rank: 2, size: 2 },
      { rank: 0.5, size: 2 },
    ])
      expect(await codeOf(() => source.share(share))).toBe('bad-argument');
    expect((await take(source, 1))[0]!.labels.length).toBe(6);
  });
});
