import { cpu } from '@ma-net/backend-cpu';
import { type Data, Rng, startBackend } from '@ma-net/core';
import { unpackTruths } from '@ma-net/metrics';
import * as tf from '@tensorflow/tfjs-core';
import { readParams } from '@ma-net/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CocoBatch, cocoBatchesInOrder } from './batch.ts';
import { cocoData, type CocoDataOptions, type CocoSets } from './coco-data.ts';
import { cocoCollate, type CocoSample } from './collate.ts';
import { scenes } from './parts.ts';

beforeAll(() => startBackend(cpu));

const digits = { train: 12, test: 5, sides: [32, 32], digit: [8, 16] } satisfies Parameters<typeof scenes>[0];

const opened = (options: Partial<Parameters<typeof scenes>[0]> = {}): Promise<Data<CocoBatch>> =>
  scenes.open(scenes.schema.parse({ ...digits, ...options }));

/** All numbers of the next batches. */
async function drawn(source: { next(): Promise<CocoBatch> }, count: number): Promise<unknown[]> {
  const found = [];
  for (let i = 0; i < count; i++) {
    const batch = await source.next();
    found.push(await readParams(batch));
    tf.dispose(batch);
  }
  return found;
}

describe('scenes', () => {
  test('are drawn the same for a seed, with other threads, and after a stop', async () => {
    const data = await opened({ maskStride: 4 });
    const open = (from: Data<CocoBatch>) => from.open({ batchSize: 3, rng: Rng.fromSeed(1) });
    const all = await drawn(await open(data), 6);
    expect(all[0]).toMatchObject({
      images_BHWC: { shape: [3, 32, 32, 3] },
      boxes_BN4: { shape: [3, 8, 4] },
      masks_BNhw: { shape: [3, 8, 8, 8] },
    });
    expect(all[0]).not.toEqual(all[4]);
    const first = await open(await opened({ maskStride: 4, workers: 1 }));
    expect(await drawn(first, 3)).toEqual(all.slice(0, 3));
    const saved: unknown = JSON.parse(JSON.stringify(first.state()));
    await first.close();
    const second = await open(data);
    second.restore(saved);
    expect(await drawn(second, 3)).toEqual(all.slice(3));
  });

  test('say what a run and a file keep of them', async () => {
    const data = await opened();
    expect(data.facts).toMatchObject({
      classNames: [...'0123456789'],
      shapes: { images: [32, 32, 3] },
      input: { white: 255 },
    });
    expect([data.train.samples, data.test.samples]).toEqual([12, 5]);
    expect(data.train.fingerprint).not.toBe((await opened({ sceneSeed: 1 })).train.fingerprint);
  });

  test('are tested on once each, with all that is in them', async () => {
    const indices: number[] = [];
    const truths = [];
    for await (const batch of (await opened()).testBatches(3)) {
      const host = await readParams(batch);
      indices.push(...host['indices_B']!.data);
      truths.push(...unpackTruths(host));
      tf.dispose(batch);
    }
    expect(indices).toEqual([0, 1, 2, 3, 4, -1]);
    expect(new Set(truths.map(({ image }) => image))).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(truths.every(({ mask, box }) => mask !== undefined && box[2] > 0)).toBe(true);
  });

  test('are held out where that is asked for, and estimated from without truths', async () => {
    const data = await opened({ validation: 0.25 });
    expect([data.train.samples, data.validation?.samples]).toEqual([9, 3]);
    const held: number[] = [];
    for await (const batch of data.validationBatches!(2)) held.push(...(await batch.indices_B.data()));
    const { value } = await (data.recalibrationBatches(2) as AsyncIterable<CocoBatch>)
      [Symbol.asyncIterator]()
      .next();
    expect(held.filter((i) => i >= 0)).toHaveLength(3);
    expect(Object.keys(value as CocoBatch)).not.toContain('truthImages_T');
  });
});

/** Blank images of these sizes, with an object each. */
function blank(sizes: readonly (readonly [number, number])[]): CocoSets['train'] {
  return {
    name: 'blank',
    size: sizes.length,
    fingerprint: JSON.stringify(sizes),
    sizeOf: (i) => sizes[i]!,
    read: async (index): Promise<CocoSample> => {
      const [height, width] = sizes[index]!;
      return {
        image: { height, width, channels: 3, data: new Uint8Array(3 * height * width) },
        index,
        objects: [{ id: index, label: 0, box: [0, 0, 4, 2], crowd: false, area: 8 }],
        where: `image ${index}`,
      };
    },
  };
}

const options: CocoDataOptions = {
  buckets: [
    { height: 16, width: 32 },
    { height: 32, width: 16 },
  ],
  objects: 2,
  shorter: [16],
  longest: 32,
  rounding: 'mmdetection',
};
const mixed = blank([
  [20, 40],
  [40, 20],
  [22, 40],
  [21, 40],
  [40, 18],
]);

test('images are put together by their proportions, in the order of the data set', async () => {
  const collate = cocoCollate({
    ...options,
    buckets: options.buckets.map((shape) => ({ ...shape, batch: 2, objects: 2 })),
    normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
    white: 255,
    channels: 'RGB',
    augment: false,
  });
  const found = [];
  for await (const { images_BHWC, indices_B } of cocoBatchesInOrder(mixed, collate))
    found.push([images_BHWC!.shape.slice(1, 3), [...indices_B!.data]]);
  expect(found).toEqual([
    [
      [16, 32],
      [0, 2],
    ],
    [
      [16, 32],
      [3, -1],
    ],
    [
      [32, 16],
      [1, 4],
    ],
  ]);
});

test('limits leave the first so many images, and no more than there are', async () => {
  const sets = { classNames: ['thing'], train: mixed, test: mixed };
  const data = await cocoData(sets, { ...options, trainLimit: 4, testLimit: 2 });
  expect([data.train.samples, data.test.samples]).toEqual([4, 2]);
  await expect(cocoData(sets, { ...options, trainLimit: 6 })).rejects.toThrow(/6 images.*there are 5/s);
});

test('something must be left to measure on', async () => {
  const sets = { classNames: ['thing'], train: mixed };
  await expect(cocoData(sets, options)).rejects.toMatchObject({ code: 'bad-argument' });
  const { test: held, validation } = await cocoData(sets, { ...options, validation: 0.4 });
  expect(held).toEqual(validation);
});
