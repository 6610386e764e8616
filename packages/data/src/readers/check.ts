import { availableParallelism } from 'node:os';
import { type Dataset, MaNetError } from '@ma-net/core';
import { decodePhoto } from '../photos/decode.ts';
import type { ImageSample } from '../sample.ts';
import type { PhotoSets } from './photo-sets.ts';

/** What is in a set, every image of it decoded. */
export interface SetReport {
  readonly name: string;
  readonly images: number;
  /** Images of each class, in the order of the class names. */
  readonly perClass: readonly number[];
  /** Smallest and largest [height, width], each side by itself. */
  readonly smallest: readonly [number, number];
  readonly largest: readonly [number, number];
  /** Those that cannot be decoded, with the reason. */
  readonly broken: readonly { readonly file: string; readonly reason: string }[];
}

/** Decodes every image of every set; what is broken is reported, not thrown. */
export async function checkPhotos(
  { classNames, train, test }: PhotoSets,
  progress?: (done: number, of: number) => void,
): Promise<readonly SetReport[]> {
  const sets = [train, ...(test === undefined ? [] : [test])];
  const total = sets.reduce((sum, { size }) => sum + size, 0);
  const reports: SetReport[] = [];
  let before = 0;
  for (const set of sets) {
    const start = before;
    reports.push(await checkSet(set, classNames.length, (done) => progress?.(start + done, total)));
    before += set.size;
  }
  return reports;
}

async function checkSet(
  set: Dataset<ImageSample>,
  classes: number,
  progress: (done: number) => void,
): Promise<SetReport> {
  const perClass = new Array<number>(classes).fill(0);
  const broken: { file: string; reason: string }[] = [];
  let smallest: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let largest: [number, number] = [0, 0];
  let next = 0;
  let done = 0;
  const walk = async (): Promise<void> => {
    while (next < set.size) {
      const { image, label, where } = await set.read(next++);
      perClass[label]!++;
      try {
        if (image instanceof Uint8Array) {
          const encoded = await decodePhoto(image, where);
          await encoded.read(3);
          const { height, width } = encoded;
          smallest = [Math.min(smallest[0], height), Math.min(smallest[1], width)];
          largest = [Math.max(largest[0], height), Math.max(largest[1], width)];
        }
      } catch (error) {
        if (!(error instanceof MaNetError) || error.code !== 'bad-data') throw error;
        broken.push({ file: where, reason: error.message.split('\n')[0]! });
      }
      progress(++done);
    }
  };
  // Decoding waits for threads of its own; so many are under way at a time.
  await Promise.all(Array.from({ length: availableParallelism() }, walk));
  broken.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { name: set.name, images: set.size, perClass, smallest, largest, broken };
}
