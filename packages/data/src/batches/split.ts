// Parts of a data set: what is held out for validation, halves for a search, the first so many.

import { type Dataset, MaNetError, Rng } from '@ma-net/core';

/** The samples `indices` of a data set, in that order. */
export async function subset<Sample>(
  dataset: Dataset<Sample>,
  indices: Uint32Array<ArrayBuffer>,
  name = dataset.name,
): Promise<Dataset<Sample>> {
  const { labelOf, sizeOf } = dataset;
  const bytes = new Uint8Array(indices.buffer, indices.byteOffset, indices.byteLength);
  const which = await sha256(bytes);
  return {
    name,
    size: indices.length,
    fingerprint: await sha256(new TextEncoder().encode(`${dataset.fingerprint} ${which}`)),
    ...(labelOf === undefined ? {} : { labelOf: (i: number) => labelOf.call(dataset, indices[i]!) }),
    ...(sizeOf === undefined ? {} : { sizeOf: (i: number) => sizeOf.call(dataset, indices[i]!) }),
    read: (i) => dataset.read(indices[i]!),
    ...(dataset.close === undefined ? {} : { close: () => dataset.close!() }),
  };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Two parts of `labels`, the second of `share` of them: of every class the same share, as nearly as whole images
 * allow, and never the last image of a class. Which ones, the generator decides; both are in ascending order.
 */
export function stratify(
  labels: ArrayLike<number>,
  share: number,
  rng: Rng,
): readonly [rest: Uint32Array<ArrayBuffer>, part: Uint32Array<ArrayBuffer>] {
  if (!(share > 0 && share < 1)) {
    throw new MaNetError('bad-argument', `A part of ${share} cannot be split off.`, {
      where: 'validation',
      hint: 'give a number between 0 and 1, such as 0.1.',
    });
  }
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    const of = byClass.get(label);
    if (of === undefined) byClass.set(label, [i]);
    else of.push(i);
  }
  const classes = [...byClass].sort(([a], [b]) => a - b);
  const counts = apportion(
    classes.map(([, of]) => of.length),
    share,
    Math.round(labels.length * share),
  );
  const taken = new Uint8Array(labels.length);
  for (const [k, [label, of]] of classes.entries()) {
    const order = rng.split(label).permutation(of.length);
    for (let j = 0; j < counts[k]!; j++) taken[of[order[j]!]!] = 1;
  }
  const all = Uint32Array.from({ length: labels.length }, (_, i) => i);
  return [all.filter((i) => taken[i] === 0), all.filter((i) => taken[i] === 1)];
}

/** Whole numbers next to `share` of each size that add up to `total`: the largest remainders are rounded up. */
function apportion(sizes: readonly number[], share: number, total: number): number[] {
  const counts = sizes.map((n) => Math.min(n - 1, Math.floor(n * share)));
  const remainder = (k: number) => sizes[k]! * share - counts[k]!;
  const order = sizes.map((_, k) => k).sort((a, b) => remainder(b) - remainder(a) || a - b);
  let missing = total - counts.reduce((sum, n) => sum + n, 0);
  for (const k of order) {
    if (missing <= 0) break;
    if (counts[k]! + 1 >= sizes[k]!) continue;
    counts[k]!++;
    missing--;
  }
  return counts;
}

/** A training set without `share` of it, and that share for validation: stratified, and the same for a seed. */
export async function holdOut<Sample>(
  dataset: Dataset<Sample>,
  share: number,
  seed: number,
): Promise<{ readonly train: Dataset<Sample>; readonly validation: Dataset<Sample> }> {
  const [rest, part] = stratify(labelsOf(dataset), share, Rng.fromSeed(seed).split('validation'));
  if (part.length === 0) {
    throw new MaNetError(
      'bad-argument',
      `A validation split of ${share} of ${dataset.size} images would be empty.`,
      { where: `validation of "${dataset.name}"`, hint: 'give a larger part, or more images of each class.' },
    );
  }
  return {
    train: await subset(dataset, rest, `${dataset.name}, without validation`),
    validation: await subset(dataset, part, `${dataset.name}, validation`),
  };
}

/** A training set without its last `count` samples, and those for validation: the parts that others measured on. */
export async function holdOutLast<Sample>(
  dataset: Dataset<Sample>,
  count: number,
): Promise<{ readonly train: Dataset<Sample>; readonly validation: Dataset<Sample> }> {
  const rest = dataset.size - count;
  if (rest < 1) {
    throw new MaNetError(
      'bad-argument',
      `Of ${dataset.size} training images the last ${count} cannot be held out.`,
      { where: `validationLast of "${dataset.name}"`, hint: `give at most ${dataset.size - 1}.` },
    );
  }
  const indices = Uint32Array.from({ length: dataset.size }, (_, i) => i);
  return {
    train: await subset(dataset, indices.slice(0, rest), `${dataset.name}, without validation`),
    validation: await subset(dataset, indices.slice(rest), `${dataset.name}, validation`),
  };
}

/** Two disjoint halves by name, as an architecture search draws weights and architecture from. */
export function halves<Sample>(
  dataset: Dataset<Sample>,
  names: readonly [string, string],
  seed: number,
): Readonly<Record<string, Uint32Array<ArrayBuffer>>> {
  const [a, b] = stratify(labelsOf(dataset), 0.5, Rng.fromSeed(seed).split('halves'));
  return { [names[0]]: a, [names[1]]: b };
}

/** Class of every sample; one class for all where the data set knows none. */
function labelsOf<Sample>(dataset: Dataset<Sample>): Int32Array {
  const { labelOf } = dataset;
  if (labelOf === undefined) return new Int32Array(dataset.size);
  return Int32Array.from({ length: dataset.size }, (_, i) => labelOf.call(dataset, i));
}
