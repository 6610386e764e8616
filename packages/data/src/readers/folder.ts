// Images in folders, one folder a class: a folder of classes alone, or train/ and val/ (or test/) of such folders, as
// ImageNet's are (ILSVRC 2012); its val/ may also be flat, beside a list that says the class of every file.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type Dataset, MaNetError } from '@ma-net/core';
import type { ImageSample } from '../sample.ts';
import { fingerprintOf, isImageName, namesIn, type PhotoSets, some } from './photo-sets.ts';
import { readTruth } from './truth.ts';

/** Files of a set, by path below `root`, with their classes. */
interface LabelledFiles {
  readonly root: string;
  readonly paths: readonly string[];
  readonly labels: Int32Array;
}

const TEST_NAMES = ['val', 'valid', 'validation', 'test'];

/**
 * Reads the names in a folder, and no image. A class is a folder name; classes are in the order of their code units.
 * `not-found` without a folder, `bad-data` where there are no classes, a class without images, or a list that does
 * not fit.
 */
export async function readFolder(
  path: string,
  { truth }: { /** List of the classes of flat validation images. */ readonly truth?: string } = {},
): Promise<PhotoSets> {
  const root = resolve(path);
  const names = await namesIn(root);
  if (!names.includes('train')) {
    const { classNames, files } = await readClasses(root, names, 2);
    return { classNames, train: fileDataset(`${root}`, files) };
  }
  const trainFolder = join(root, 'train');
  const { classNames, files } = await readClasses(trainFolder, await namesIn(trainFolder), 2);
  const train = fileDataset(`${root}, train`, files);
  const testName = TEST_NAMES.find((name) => names.includes(name));
  if (testName === undefined) return { classNames, train };
  const folder = join(root, testName);
  const test = await readTest(folder, classNames, truth ?? (await truthBeside(root, folder)));
  return { classNames, train, test: fileDataset(`${root}, ${testName}`, test) };
}

/** One folder a class below `root`, which holds `found`. */
async function readClasses(
  root: string,
  found: readonly string[],
  least: number,
): Promise<{ classNames: string[]; files: LabelledFiles }> {
  const classNames: string[] = [];
  for (const name of found)
    if (!name.startsWith('.') && (await isFolder(join(root, name)))) classNames.push(name);
  if (classNames.length < least) {
    throw new MaNetError(
      'bad-data',
      `Found ${classNames.length === 0 ? 'no folder of a class' : `one folder, "${classNames[0]}"`}; expected one folder of images for each of at least two classes.\n  found:    ${some(found)}\n  expected: cat/1.jpg, cat/2.jpg, dog/1.jpg, ... or train/ and val/ of such folders`,
      { where: root, hint: 'put the images of each class into a folder that is called like the class.' },
    );
  }
  return { classNames, files: await filesOf(root, classNames) };
}

async function filesOf(root: string, classNames: readonly string[]): Promise<LabelledFiles> {
  const paths: string[] = [];
  const labels: number[] = [];
  for (const [label, name] of classNames.entries()) {
    const found = await readdir(join(root, name), { recursive: true });
    const images = found.filter((file) => isImageName(file.split(/[\\/]/).at(-1)!)).sort();
    if (images.length === 0) {
      throw new MaNetError(
        'bad-data',
        `The class "${name}" has no images (.jpg, .png, .webp); found ${some(found)}.`,
        {
          where: join(root, name),
          hint: 'add images to the folder, or move it away.',
        },
      );
    }
    for (const image of images) {
      paths.push(join(name, image));
      labels.push(label);
    }
  }
  return { root, paths, labels: Int32Array.from(labels) };
}

/** Test images in folders that are called like the training set's classes, or flat with a list. */
async function readTest(
  folder: string,
  classNames: readonly string[],
  truth: string | undefined,
): Promise<LabelledFiles> {
  const names = await namesIn(folder);
  const flat = names.filter(isImageName);
  if (flat.length > 0) {
    if (truth === undefined) {
      throw new MaNetError(
        'bad-data',
        `${flat.length} images lie in no folder of a class, and no list says their classes.`,
        {
          where: folder,
          hint: 'put val.txt (lines "ILSVRC2012_val_00000001.JPEG 65") or LOC_val_solution.csv beside the folder, or move each image into a folder of its class.',
        },
      );
    }
    return { root: folder, paths: flat, labels: await readTruth(truth, flat, classNames) };
  }
  const { classNames: found, files } = await readClasses(folder, names, 1);
  const unknown = found.filter((name) => !classNames.includes(name));
  if (unknown.length > 0) {
    throw new MaNetError(
      'bad-data',
      `The training set has no class ${some(unknown.map((name) => `"${name}"`))}.`,
      {
        where: folder,
        hint: `its classes are ${some(classNames)}; call the folders alike.`,
      },
    );
  }
  const index = new Map(classNames.map((name, i) => [name, i]));
  return { ...files, labels: files.labels.map((label) => index.get(found[label]!)!) };
}

async function truthBeside(root: string, folder: string): Promise<string | undefined> {
  for (const at of [folder, root]) {
    const names = await namesIn(at);
    const list = ['LOC_val_solution.csv', 'val.txt'].find((name) => names.includes(name));
    if (list !== undefined) return join(at, list);
  }
  return undefined;
}

/** Files as a data set. Its fingerprint is of paths and classes: what is in the files is not looked at. */
function fileDataset(name: string, { root, paths, labels }: LabelledFiles): Dataset<ImageSample> {
  return {
    name,
    size: paths.length,
    fingerprint: fingerprintOf(
      (function* () {
        for (let i = 0; i < paths.length; i++) yield `${paths[i]!.replaceAll('\\', '/')} ${labels[i]}`;
      })(),
    ),
    labelOf: (index) => labels[index]!,
    async read(index) {
      const where = join(root, paths[index]!);
      return {
        image: await bytesOf(where),
        label: labels[index]!,
        where: relative(process.cwd(), where) || where,
      };
    },
  };
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new MaNetError(
      'not-found',
      `The image cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      {
        where: file,
        hint: 'it was there when the run began; put it back, or start again without it.',
        cause,
      },
    );
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
