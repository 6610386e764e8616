import { type Dataset, MaNetError, Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { holdOut, holdOutLast, stratify, subset } from './split.ts';

const counts = (labels: ArrayLike<number>, indices: Iterable<number>): Map<number, number> => {
  const found = new Map<number, number>();
  for (const i of indices) found.set(labels[i]!, (found.get(labels[i]!) ?? 0) + 1);
  return found;
};

test.each([0, 1, 2, 3])('a part has its share of every class, within one image, seed %i', (seed) => {
  const rng = Rng.fromSeed(seed);
  const labels = Int32Array.from({ length: 500 }, () => Math.floor(rng.uniform() ** 2 * 12));
  const share = 0.05 + 0.5 * rng.uniform();
  const [rest, part] = stratify(labels, share, rng);
  expect([...rest, ...part].sort((a, b) => a - b)).toEqual(
    labels.map((_, i) => i).reduce<number[]>((a, i) => [...a, i], []),
  );
  const all = counts(labels, labels.keys());
  const taken = counts(labels, part);
  for (const [label, n] of all) {
    expect(Math.abs((taken.get(label) ?? 0) - n * share), `class ${label}`).toBeLessThanOrEqual(1);
    expect(taken.get(label) ?? 0).toBeLessThan(n);
  }
  expect(Math.abs(part.length - labels.length * share)).toBeLessThanOrEqual(0.5);
});

test('the same seed takes the same images, another one others', () => {
  const labels = Int32Array.from({ length: 200 }, (_, i) => i % 10);
  const part = (seed: number) => [...stratify(labels, 0.1, Rng.fromSeed(seed))[1]];
  expect(part(1)).toEqual(part(1));
  expect(part(1)).not.toEqual(part(2));
});

test('a class of one image keeps it', () => {
  const [rest] = stratify([0, 0, 0, 0, 1], 0.5, Rng.fromSeed(0));
  expect(rest).toContain(4);
});

const dataset: Dataset<number> = {
  name: 'numbers',
  size: 40,
  fingerprint: 'f',
  labelOf: (i) => i % 4,
  sizeOf: (i) => [i, 1],
  read: async (i) => i,
};

test('what is held out and the rest are the data set, with labels and sizes', async () => {
  const { train, validation } = await holdOut(dataset, 0.2, 3);
  expect([train.size, validation.size]).toEqual([32, 8]);
  const read = (of: Dataset<number>) => Promise.all(Array.from({ length: of.size }, (_, i) => of.read(i)));
  expect([...(await read(train)), ...(await read(validation))].sort((a, b) => a - b)).toEqual(
    Array.from({ length: 40 }, (_, i) => i),
  );
  for (let i = 0; i < validation.size; i++) {
    const original = await validation.read(i);
    expect(validation.labelOf!(i)).toBe(original % 4);
    expect(validation.sizeOf!(i)).toEqual([original, 1]);
  }
  expect(train.fingerprint).not.toBe(validation.fingerprint);
  expect((await holdOut(dataset, 0.2, 3)).train.fingerprint).toBe(train.fingerprint);
  expect((await holdOut(dataset, 0.2, 4)).train.fingerprint).not.toBe(train.fingerprint);
});

test('the fingerprint of a subset is of its order too', async () => {
  const of = async (indices: number[]) => (await subset(dataset, Uint32Array.from(indices))).fingerprint;
  expect(await of([1, 2])).not.toBe(await of([2, 1]));
});

test.each([0, 1, -0.1, Number.NaN])('a share of %d is refused', async (share) => {
  await expect(holdOut(dataset, share, 0)).rejects.toMatchObject({ code: 'bad-argument' });
});

test('a validation split of nothing is refused', async () => {
  const error = await holdOut(dataset, 0.001, 0).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(MaNetError);
});

test('the last samples are held out in their order, and never all of them', async () => {
  const { train, validation } = await holdOutLast(dataset, 15);
  const read = (of: Dataset<number>) => Promise.all(Array.from({ length: of.size }, (_, i) => of.read(i)));
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  expect([await read(train), await read(validation)]).toEqual([numbers.slice(0, 25), numbers.slice(25)]);
  await expect(holdOutLast(dataset, 40)).rejects.toMatchObject({ code: 'bad-argument' });
});
