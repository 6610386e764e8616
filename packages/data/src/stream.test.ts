import { Rng } from '@ma-net/core';
import { describe, expect, test } from 'vitest';
import { createImageSet, type ImageSet } from './image-set.ts';
import { createStream, type HostBatch } from './stream.ts';

/** Images [3, 4, 1] whose every pixel is the index of the image, which is its label too. */
const numbered = (count: number): Promise<ImageSet> =>
  createImageSet({
    name: 'numbered',
    images: Uint8Array.from({ length: count * 12 }, (_, i) => Math.floor(i / 12)),
    labels: Int32Array.from({ length: count }, (_, i) => i),
    shape: [3, 4, 1],
    classNames: Array.from({ length: count }, String),
    white: 1,
    normalisation: { mean: [0], std: [1] },
  });

const set = await numbered(23);
const augment = { padCrop: 1, flip: true, cutout: 2 };
const take = (stream: { next(): HostBatch }, count: number) =>
  Array.from({ length: count }, () => stream.next());

describe.each([0, 1, 2 ** 40])('a stream of seed %i', (seed) => {
  test('gives every image at most once an epoch, in an order of its own', () => {
    const stream = createStream(set, { batchSize: 5, rng: Rng.fromSeed(seed) });
    expect(stream.batchesPerEpoch).toBe(4);
    const epochs = Array.from({ length: 6 }, () => take(stream, 4).flatMap(({ labels }) => [...labels]));
    for (const epoch of epochs) expect(new Set(epoch).size).toBe(20);
    expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(6);
    // Three are left over each epoch, but not the same three: in six epochs all have been seen.
    expect(new Set(epochs.flat()).size).toBe(23);
  });

  test('gives images with their labels', () => {
    const stream = createStream(set, { batchSize: 4, rng: Rng.fromSeed(seed) });
    for (const { images, labels, shape, count } of take(stream, 7)) {
      expect([shape, count]).toEqual([[4, 3, 4, 1], 4]);
      expect([...images]).toEqual(Array.from(labels).flatMap((label) => Array(12).fill(label)));
    }
  });

  test('continues bit for bit from any state, through JSON', () => {
    const options = { batchSize: 7, augment, rng: Rng.fromSeed(seed) };
    const reference = createStream(set, options);
    const states: string[] = [];
    const batches: HostBatch[] = [];
    for (let i = 0; i < 10; i++) {
      states.push(JSON.stringify(reference.state()));
      batches.push(reference.next());
    }
    for (const [i, state] of states.entries()) {
      // Another seed, and somewhere else: nothing of it may show after restore.
      const other = createStream(set, { ...options, rng: Rng.fromSeed(seed + 1) });
      take(other, i % 4);
      other.restore(JSON.parse(state));
      expect(take(other, 10 - i)).toEqual(batches.slice(i));
      expect(JSON.parse(JSON.stringify(other.state()))).toEqual(reference.state());
    }
  });

  test('has states that are small', () => {
    const stream = createStream(set, { batchSize: 5, rng: Rng.fromSeed(seed) });
    take(stream, 6);
    expect(stream.state()).toMatchObject({ epoch: 1, position: 2, fingerprint: set.fingerprint });
    expect(JSON.stringify(stream.state()).length).toBeLessThan(250);
  });
});

describe('createStream', () => {
  test('draws the same order with and without augmentation', () => {
    const labels = (options: object) =>
      take(createStream(set, { batchSize: 5, rng: Rng.fromSeed(3), ...options }), 9).map((b) => [
        ...b.labels,
      ]);
    expect(labels({ augment })).toEqual(labels({}));
  });

  test('leaves the generator it was given where it was', () => {
    const rng = Rng.fromSeed(3);
    const before = rng.state();
    take(createStream(set, { batchSize: 5, augment, rng }), 9);
    expect(rng.state()).toEqual(before);
  });

  test('never hands out the same memory twice', () => {
    const stream = createStream(set, { batchSize: 5, rng: Rng.fromSeed(3) });
    const [first, second] = [stream.next(), stream.next()];
    expect(first.images.buffer).not.toBe(second.images.buffer);
    expect(first.labels.buffer).not.toBe(second.labels.buffer);
  });

  test('takes a batch of everything', () => {
    const stream = createStream(set, { batchSize: 23, rng: Rng.fromSeed(3) });
    expect([...stream.next().labels].sort((a, b) => a - b)).toEqual([...Array(23).keys()]);
  });

  test.each([0, 24, 2.5, Number.NaN])('refuses mini-batches of %d', (batchSize) => {
    expect(() => createStream(set, { batchSize, rng: Rng.fromSeed(0) })).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: expect.stringContaining('23 images') as string,
      }),
    );
  });

  test.each([{ padCrop: -1 }, { cutout: 0.5 }, { padValue: Number.NaN }])('refuses %o', (wrong) => {
    expect(() => createStream(set, { batchSize: 5, augment: wrong, rng: Rng.fromSeed(0) })).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: expect.stringContaining(`augment.${Object.keys(wrong)[0]}`) as string,
      }),
    );
  });
});

describe('restore', () => {
  const stream = createStream(set, { batchSize: 5, rng: Rng.fromSeed(0) });

  test('refuses the state of a stream over other images', async () => {
    const other = createStream(await numbered(22), { batchSize: 5, rng: Rng.fromSeed(0) });
    expect(() => stream.restore(other.state())).toThrow(
      expect.objectContaining({
        code: 'bad-data',
        message: expect.stringContaining(set.fingerprint.slice(0, 12)) as string,
      }),
    );
  });

  test.each([undefined, null, 7, {}, { fingerprint: 3 }, { fingerprint: null }])(
    'refuses %o, which no stream wrote',
    (state) => {
      expect(() => stream.restore(state as never)).toThrow(expect.objectContaining({ code: 'bad-data' }));
    },
  );

  test.each([{ position: 4 }, { position: -1 }, { epoch: -1 }, { epoch: 0.5 }])('refuses %o', (wrong) => {
    expect(() => stream.restore({ ...stream.state(), ...wrong })).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: expect.stringContaining('4 mini-batches') as string,
      }),
    );
  });
});
