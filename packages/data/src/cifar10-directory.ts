import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MaNetError } from '@ma-net/core';
import {
  CIFAR10_CLASSES,
  CIFAR10_NORMALISATION,
  CIFAR10_SHAPE,
  countCifar10Records,
  decodeCifar10,
} from './cifar10.ts';
import { createImageSet, type ImageSet, type ReadOptions, type Splits } from './image-set.ts';
import { limited } from './limit.ts';

const EXPECTED = 'data_batch_1.bin, data_batch_2.bin, ..., test_batch.bin and batches.meta.txt';
const UNPACKED = 'cifar-10-batches-bin';

/**
 * Reads the binary version of CIFAR-10 from a directory: training images from data_batch_*.bin in order, test
 * images from test_batch.bin. The number of images follows from the sizes of the files.
 *
 * `not-found` if the directory or a file is missing, `bad-data` if a file is truncated or a label wrong.
 */
export async function readCifar10(directory: string, options: ReadOptions = {}): Promise<Splits> {
  const root = resolve(directory);
  const found = await list(root);
  const trainFiles = trainingFiles(found);
  const missing = [...trainFiles, 'test_batch.bin', 'batches.meta.txt'].filter((f) => !found.includes(f));
  if (missing.length > 0) throw notCifar10(root, found, `${missing.join(', ')} missing`);

  const classNames = await readClassNames(join(root, 'batches.meta.txt'));
  const read = (split: 'train' | 'test', files: readonly string[]) =>
    readSplit(`cifar10, ${split}`, root, files, `${split}Limit`, options, classNames);
  return { train: await read('train', trainFiles), test: await read('test', ['test_batch.bin']) };
}

async function readSplit(
  name: string,
  root: string,
  files: readonly string[],
  field: 'trainLimit' | 'testLimit',
  options: ReadOptions,
  classNames: readonly string[],
): Promise<ImageSet> {
  // Sizes first: a truncated file is refused before anything is read.
  const paths = files.map((file) => join(root, file));
  const counts = await Promise.all(
    paths.map(async (path) => countCifar10Records((await stat(path)).size, path)),
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
    decodeCifar10(await readFile(path), count, path, { images, labels }, at);
    at += count;
  }
  const normalisation = options.normalisation ?? CIFAR10_NORMALISATION;
  return createImageSet({
    name,
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

async function list(root: string): Promise<string[]> {
  try {
    return (await readdir(root)).sort();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw notCifar10(root, undefined, 'there is no such directory', cause);
    if (code === 'ENOTDIR') throw notCifar10(root, undefined, 'it is a file, not a directory', cause);
    throw notCifar10(root, undefined, `it cannot be read (${code})`, cause);
  }
}

function notCifar10(root: string, found: readonly string[] | undefined, problem: string, cause?: unknown) {
  const lines = [`CIFAR-10 is not here: ${problem}.`];
  if (found !== undefined) {
    const shown = found.slice(0, 12).join(', ') + (found.length > 12 ? `, ... (${found.length})` : '');
    lines.push(`  found:    ${found.length === 0 ? 'nothing' : shown}`, `  expected: ${EXPECTED}`);
  }
  const hint = found?.includes(UNPACKED)
    ? `pass --data ${join(root, UNPACKED)}`
    : `download the binary version (cifar-10-binary.tar.gz) from https://www.cs.toronto.edu/~kriz/cifar.html, unpack it, and pass --data <path of ${UNPACKED}>.`;
  return new MaNetError('not-found', lines.join('\n'), { where: root, hint, cause });
}

async function readClassNames(path: string): Promise<string[]> {
  const names = (await readFile(path, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  if (names.length !== CIFAR10_CLASSES) {
    throw new MaNetError('bad-data', `Found ${names.length} class names, expected ${CIFAR10_CLASSES}.`, {
      where: path,
      hint: 'the file has one class name per line; copy or unpack it again.',
    });
  }
  return names.map((name) => name.trim());
}
