import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { Rng } from '@ma-net/core';
import { beforeAll, expect, test } from 'vitest';
import { digits as readDigits } from './digits-asset.ts';
import { cifar10, digits, parts } from './parts.ts';
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
