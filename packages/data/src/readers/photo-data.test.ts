import '@tensorflow/tfjs-backend-cpu';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rng } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { readFolder } from './folder.ts';
import { photoData, type PhotoDataOptions } from './photo-data.ts';

let root = '';
beforeAll(async () => {
  tf.env().set('IS_TEST', true);
  await tf.setBackend('cpu');
  root = await mkdtemp(join(tmpdir(), 'photo-data-'));
  for (const [label, name] of ['ant', 'bee'].entries()) {
    await mkdir(join(root, name));
    for (let i = 0; i < 10; i++) {
      const [width, height] = i % 2 === 0 ? [40, 30] : [30, 40];
      const background = { r: 20 * i, g: 255 * label, b: 90 };
      await writeFile(
        join(root, name, `${i}.png`),
        await sharp({ create: { width, height, channels: 3, background } })
          .png()
          .toBuffer(),
      );
    }
  }
});

const open = async (options: Partial<PhotoDataOptions> = {}) =>
  photoData(await readFolder(root), { size: 16, validation: 0.2, workers: 0, ...options });

test('a folder of classes is all that is needed: facts, training, validation, test', async () => {
  const data = await open({ augment: { flip: true } });
  expect(data.facts.classNames).toEqual(['ant', 'bee']);
  expect(data.facts.shapes).toEqual({ images: [16, 16, 3] });
  expect([data.train.samples, data.validation!.samples, data.test.samples]).toEqual([16, 4, 4]);
  const before = tf.memory().numTensors;
  const source = await data.open({ batchSize: 5, rng: Rng.fromSeed(0) });
  expect(source.batchesPerEpoch).toBe(3);
  const batch = await source.next();
  expect(batch.images_BHWC.shape).toEqual([5, 16, 16, 3]);
  tf.dispose(batch);
  // A search draws from two halves.
  for (const split of ['weights', 'alphas']) tf.dispose(await source.next(split));
  await source.close();
  const labels: number[] = [];
  for await (const held of data.validationBatches!(3)) {
    labels.push(...(await held.labels_B.data()));
    tf.dispose(held);
  }
  expect(labels).toEqual([0, 0, 1, 1, -1, -1]);
  for await (const some of data.recalibrationBatches(8)) tf.dispose(some);
  expect(tf.memory().numTensors).toBe(before);
});

test('what is held out is not trained on, and follows from the seed', async () => {
  const green = async (seed: number): Promise<string[]> => {
    const data = await open({ validationSeed: seed });
    const seen: string[] = [];
    for await (const { images_BHWC, labels_B } of data.validationBatches!(4)) {
      const pixels = await images_BHWC.data();
      for (let b = 0; b < 4; b++) seen.push(pixels[b * 768]!.toFixed(4) + pixels[b * 768 + 1]!.toFixed(4));
      tf.dispose([images_BHWC, labels_B]);
    }
    const source = await data.open({ batchSize: 16, rng: Rng.fromSeed(1) });
    const { images_BHWC, labels_B } = await source.next();
    const pixels = await images_BHWC.data();
    for (let b = 0; b < 16; b++) {
      expect(seen).not.toContain(pixels[b * 768]!.toFixed(4) + pixels[b * 768 + 1]!.toFixed(4));
    }
    tf.dispose([images_BHWC, labels_B]);
    return seen;
  };
  expect(await green(1)).toEqual(await green(1));
  expect(await green(1)).not.toEqual(await green(2));
});

test('batches have more shapes where they are asked for', async () => {
  const data = await open({ shapes: [{ height: 16, width: 24 }], validation: 0.1 });
  const source = await data.open({ batchSize: 3, rng: Rng.fromSeed(3) });
  const shapes = new Set<string>();
  for (let i = 0; i < source.batchesPerEpoch; i++) {
    const batch = await source.next();
    shapes.add(batch.images_BHWC.shape.slice(1).join());
    tf.dispose(batch);
  }
  expect([...shapes].sort()).toEqual(['16,16,3', '16,24,3']);
});

describe('what is refused', () => {
  test('a folder without test images and without a validation part', async () => {
    await expect(open({ validation: 0 })).rejects.toMatchObject({ code: 'bad-argument' });
  });
  test('a batch larger than the set', async () => {
    const data = await open();
    await expect(data.open({ batchSize: 17, rng: Rng.fromSeed(0) })).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });
});
