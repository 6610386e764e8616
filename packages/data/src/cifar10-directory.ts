import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MaNetError } from '@ma-net/core';
import {
  CIFAR10,
  CIFAR10_SHAPE,
  CIFAR100,
  type CifarFormat,
  countCifarRecords,
  decodeCifar,
} from './cifar10.ts';
import { createImageSet, type ImageSet, type ReadOptions, type Splits } from './image-set.ts';
import { limited } from './limit.ts';

/** Files of a data set in a directory. */
interface Layout {
  readonly format: CifarFormat;
  readonly id: string;
  /** For an error. */
  readonly expected: string;
  /** The directory that the official archive unpacks to. */
  readonly unpacked: string;
  readonly archive: string;
  trainFiles(found: readonly string[]): string[];
  readonly testFile: string;
  readonly namesFile: string;
}

const TEN: Layout = {
  format: CIFAR10,
  id: 'cifar10',
  expected: 'data_batch_1.bin, data_batch_2.bin, ..., test_batch.bin and batches.meta.txt',
  unpacked: 'cifar-10-batches-bin',
  archive: 'cifar-10-binary.tar.gz',
  trainFiles: trainingFiles,
  testFile: 'test_batch.bin',
  namesFile: 'batches.meta.txt',
};

const HUNDRED: Layout = {
  format: CIFAR100,
  id: 'cifar100',
  expected: 'train.bin, test.bin and fine_label_names.txt',
  unpacked: 'cifar-100-binary',
  archive: 'cifar-100-binary.tar.gz',
  trainFiles: () => ['train.bin'],
  testFile: 'test.bin',
  namesFile: 'fine_label_names.txt',
};

/**
 * Reads the binary version of CIFAR-10 from a directory: training images from data_batch_*.bin in order, test
 * images from test_batch.bin. The number of images follows from the sizes of the files.
 *
 * `not-found` if the directory or a file is missing, `bad-data` if a file is truncated or a label wrong.
 */
export const readCifar10 = (directory: string, options: ReadOptions = {}): Promise<Splits> =>
  readCifar(TEN, directory, options);

/** Reads the binary version of CIFAR-100, with its 100 fine classes, as `readCifar10` does. */
export const readCifar100 = (directory: string, options: ReadOptions = {}): Promise<Splits> =>
  readCifar(HUNDRED, directory, options);

async function readCifar(layout: Layout, directory: string, options: ReadOptions): Promise<Splits> {
  const { testFile, namesFile } = layout;
  const root = resolve(directory);
  const found = await list(layout, root);
  const trainFiles = layout.trainFiles(found);
  const missing = [...trainFiles, testFile, namesFile].filter((f) => !found.includes(f));
  if (missing.length > 0) throw notHere(layout, root, found, `${missing.join(', ')} missing`);

  const classNames = await readClassNames(layout.format, join(root, namesFile));
  const read = (split: 'train' | 'test', files: readonly string[]) =>
    readSplit(layout, split, root, files, options, classNames);
  return { train: await read('train', trainFiles), test: await read('test', [testFile]) };
}

async function readSplit(
  { format, id }: Layout,
  split: 'train' | 'test',
  root: string,
  files: readonly string[],
  options: ReadOptions,
  classNames: readonly string[],
): Promise<ImageSet> {
  const field = `${split}Limit` as const;
  // Sizes first: a truncated file is refused before anything is read.
  const paths = files.map((file) => join(root, file));
  const counts = await Promise.all(
    paths.map(async (path) => countCifarRecords(format, (await stat(path)).size, path)),
  );
  const available = counts.reduce((sum, n) => sum + n, 0);
  const total = limited(field, options[field], available, `${root}, ${files.join(', ')}`);

  const [height, width, channels] = CIFAR10_SHAPE;
  const images = new Uint8Array(total * height * width * channels);
  const labels = new Int32Array(total);
  let at = 0;
  for (const [i, path] of paths.entries()) {
    const count = Math.min(counts[i]!, total - at);
    if (count === 0) break;
    decodeCifar(format, await readFile(path), count, path, { images, labels }, at);
    at += count;
  }
  const normalisation = options.normalisation ?? format.normalisation;
  return createImageSet({
    name: `${id}, ${split}`,
    images,
    labels,
    shape: CIFAR10_SHAPE,
    classNames,
    white: 255,
    normalisation,
  });
}

/** data_batch_1.bin up to the highest number that is there, so that a gap shows as a missing file. */
function trainingFiles(found: readonly string[]): string[] {
  const numbers = found.map((file) => Number(/^data_batch_(\d+)\.bin$/.exec(file)?.[1] ?? 0));
  const last = Math.max(1, ...numbers);
  return Array.from({ length: last }, (_, i) => `data_batch_${i + 1}.bin`);
}

async function list(layout: Layout, root: string): Promise<string[]> {
  try {
    return (await readdir(root)).sort();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw notHere(layout, root, undefined, 'there is no such directory', cause);
    if (code === 'ENOTDIR') throw notHere(layout, root, undefined, 'it is a file, not a directory', cause);
    throw notHere(layout, root, undefined, `it cannot be read (${code})`, cause);
  }
}

function notHere(
  { format, expected, unpacked, archive, id }: Layout,
  root: string,
  found: readonly string[] | undefined,
  problem: string,
  cause?: unknown,
) {
  const lines = [`${format.title} is not here: ${problem}.`];
  if (found !== undefined) {
    const shown = found.slice(0, 12).join(', ') + (found.length > 12 ? `, ... (${found.length})` : '');
    lines.push(`  found:    ${found.length === 0 ? 'nothing' : shown}`, `  expected: ${expected}`);
  }
  const hint = found?.includes(unpacked)
    ? `pass --data ${join(root, unpacked)}`
    : `run \`manet data download ${id}\`, or unpack ${archive} (the binary version) of https://www.cs.toronto.edu/~kriz/cifar.html and pass --data <path of ${unpacked}>.`;
  return new MaNetError('not-found', lines.join('\n'), { where: root, hint, cause });
}

async function readClassNames({ classes }: CifarFormat, path: string): Promise<string[]> {
  const names = (await readFile(path, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (names.length !== classes) {
    throw new MaNetError('bad-data', `Found ${names.length} class names, expected ${classes}.`, {
      where: path,
      hint: 'the file has one class name per line; copy or unpack it again.',
    });
  }
  return names.map((name) => name.trim());
}
