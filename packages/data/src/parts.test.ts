import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { Rng } from '@ma-net/core';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { digits as readDigits } from './digits-asset.ts';
import { cifar10, cifar100, digits, parts, photos } from './parts.ts';
import { createStream } from './stream.ts';

beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
});

const augment = { flip: false, padCrop: 1, cutout: 0 };

test('the digits are drawn from as their stream draws, and are what they say they are', async () => {
  expect(parts).toContain(digits);
  const data = await digits.open({ trainLimit: 40, testLimit: 30, augment });
  expect(data.facts).toMatchObject({ classNames: [...'0123456789'], shapes: { images: [8, 8, 1] } });
  expect([data.train.samples, data.test.samples]).toEqual([40, 30]);

  const rng = Rng.fromSeed(3);
  const source = await data.open({ batchSize: 8, rng });
  const { train } = await readDigits({ trainLimit: 40 });
  expect(data.train.fingerprint).toBe(train.fingerprint);
  const stream = createStream(train, { batchSize: 8, augment, rng });
  for (let i = 0; i < 6; i++) {
    const [batch, expected] = [await source.next(), stream.next()];
    expect(await batch.images_BHWC.data()).toEqual(expected.images);
    expect(await batch.labels_B.data()).toEqual(expected.labels);
    tf.dispose(batch);
  }
  expect(source.state()).toEqual(stream.state());
  await source.close();
});

test('every test image is given once, the rest is filled up', async () => {
  const data = await digits.open({ testLimit: 30, augment });
  const labels: number[] = [];
  for await (const batch of data.testBatches(20)) {
    labels.push(...(await batch.labels_B.data()));
    tf.dispose(batch);
  }
  expect(labels).toHaveLength(40);
  expect(labels.slice(30)).toEqual(Array(10).fill(-1));
});

test('what is left out of a choice is filled in; CIFAR-10 needs a folder', async () => {
  expect(cifar10({})).toEqual({
    use: '@ma-net/data#cifar10',
    augment: { flip: false, padCrop: 0, cutout: 0 },
  });
  await expect(cifar10.open({ augment })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringMatching(/--data/),
  });
});

test('a part of the training images is held out where that is asked for, by class and by seed', async () => {
  const open = (validationSeed: number) =>
    digits.open({ trainLimit: 200, validation: 0.2, validationSeed, augment });
  const [data, same, other] = [await open(1), await open(1), await open(2)];
  expect([data.train.samples, data.validation!.samples]).toEqual([160, 40]);
  expect(same.validation).toEqual(data.validation);
  expect(other.validation!.fingerprint).not.toBe(data.validation!.fingerprint);
  const counts = new Map<number, number>();
  for await (const batch of data.validationBatches!(16)) {
    for (const label of await batch.labels_B.data()) counts.set(label, (counts.get(label) ?? 0) + 1);
    tf.dispose(batch);
  }
  // 40 of 200, of about 20 images a class; three batches of 16 have room for eight more.
  expect(counts.get(-1)).toBe(8);
  for (let label = 0; label < 10; label++) expect(Math.abs(counts.get(label)! - 4)).toBeLessThanOrEqual(2);
});

test('the last training images are held out where that is asked for, and the others are drawn as if they were all', async () => {
  const drawn = async (options: object) => {
    const data = await digits.open(digits.schema.parse({ augment, ...options }));
    const source = await data.open({ batchSize: 16, rng: Rng.fromSeed(5) });
    const batch = await source.next();
    return { data, images: [...(await batch.images_BHWC.data())] };
  };
  const [held, alone, all] = [
    await drawn({ trainLimit: 100, validationLast: 40 }),
    await drawn({ trainLimit: 60 }),
    await readDigits({ trainLimit: 100 }),
  ];
  expect(held.images).toEqual(alone.images);
  expect([held.data.train.samples, held.data.validation!.samples]).toEqual([60, 40]);
  const labels: number[] = [];
  for await (const batch of held.data.validationBatches!(40)) labels.push(...(await batch.labels_B.data()));
  expect(labels).toEqual([...all.train.labels.slice(60)]);
  await expect(drawn({ validation: 0.1, validationLast: 40 })).rejects.toMatchObject({
    code: 'bad-argument',
  });
});

test('views and the halves of a search reach the batches', async () => {
  const data = await digits.open({ trainLimit: 64, augment });
  const source = await data.open({ batchSize: 8, rng: Rng.fromSeed(0), views: 2 });
  const batch = await source.next('weights');
  expect([source.views, batch.images_BHWC.shape[0], batch.labels_B.shape[0]]).toEqual([2, 16, 16]);
  tf.dispose(batch);
  await source.close();
});

test('what cannot be done to an image is refused before a batch is asked for', async () => {
  await expect(digits.open({ augment: { ...augment, grey: 0.5 } })).rejects.toMatchObject({
    code: 'bad-argument',
  });
  expect(() => photos({ augment: { jitter: { hue: 0.7 } } })).toThrow(/hue/);
  expect(() => photos({ validation: 1 })).toThrow(/validation/);
  expect(() => photos({ augment: { mixup: -1 } })).toThrow(/mixup/);
});

test('photographs: a folder of classes is enough', async () => {
  expect(photos({ path: 'p' })).toMatchObject({
    use: '@ma-net/data#photos',
    size: 224,
    augment: { flip: true },
  });
  const root = await mkdtemp(join(tmpdir(), 'parts-'));
  for (const name of ['cat', 'dog']) {
    await mkdir(join(root, name));
    for (let i = 0; i < 5; i++) {
      const image = sharp({ create: { width: 20 + i, height: 30, channels: 3, background: 'green' } });
      await writeFile(join(root, name, `${i}.jpg`), await image.jpeg().toBuffer());
    }
  }
  const { use: _, ...options } = photos({ path: root, size: 16, validation: 0.2, workers: 1 });
  const data = await photos.open(photos.schema.parse(options));
  expect(data.facts.classNames).toEqual(['cat', 'dog']);
  const source = await data.open({ batchSize: 4, rng: Rng.fromSeed(0) });
  const batch = await source.next();
  expect(batch.images_BHWC.shape).toEqual([4, 16, 16, 3]);
  tf.dispose(batch);
  await source.close();
  for (const part of [cifar100, photos]) {
    await expect(part.open(part.schema.parse({}) as never)).rejects.toMatchObject({ code: 'not-found' });
  }
});

test('a further view is changed in a way of its own', async () => {
  const black = { ...augment, padCrop: 0, cutout: 16 };
  const data = await digits.open({
    trainLimit: 8,
    testLimit: 4,
    augment: { ...augment, padCrop: 0 },
    views: [black],
  });
  const source = await data.open({ batchSize: 4, rng: Rng.fromSeed(1), views: 2 });
  const { images_BHWC, labels_B } = await source.next();
  const [pixels, labels] = [await images_BHWC.data(), await labels_B.data()];
  expect([...labels.slice(4)]).toEqual([...labels.slice(0, 4)]);
  expect(pixels.slice(0, 256).some((x) => x !== 0)).toBe(true);
  // A square of 16 pixels around any pixel of 8 x 8 leaves nothing.
  expect(pixels.slice(256).every((x) => x === 0)).toBe(true);
  await source.close();
});
