// A folder in COCO's layout: files of annotations, and the images they are of.

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import { readAnnotations } from './annotations.ts';
import type { CocoSets } from './coco-data.ts';
import { cocoDataset } from './dataset.ts';
import type { CocoAnnotations } from './objects.ts';

/** A file of annotations and the folder of its images. */
export interface CocoPlace {
  readonly annotations: string;
  readonly images: string;
}

/** Where the training and the test images of a folder are; of each, where it has them. */
export interface CocoPlaces {
  readonly train?: CocoPlace;
  readonly test?: CocoPlace;
}

const SPLITS = { train: /train/i, test: /val|test/i } as const;

/**
 * Finds `annotations/instances_train2017.json` with `train2017/` (or `images/train2017/`) and the like of `val`, or
 * `train/_annotations.coco.json` beside its images. Throws `not-found` where there is none of them.
 */
export async function findCoco(folder: string): Promise<CocoPlaces> {
  const entries = await namesIn(folder);
  const listed = entries.includes('annotations') ? await namesIn(join(folder, 'annotations')) : [];
  const files = listed.filter((name) => /^instances_.*\.json$/.test(name));
  const found: { -readonly [K in keyof CocoPlaces]: CocoPlaces[K] } = {};
  for (const split of ['train', 'test'] as const) {
    const file = files.sort().find((name) => SPLITS[split].test(name));
    const beside = entries.sort().filter((name) => SPLITS[split].test(name));
    if (file !== undefined) {
      const name = basename(file, '.json').slice('instances_'.length);
      found[split] = {
        annotations: join(folder, 'annotations', file),
        images: await firstFolder([join(folder, name), join(folder, 'images', name), join(folder, 'images')]),
      };
      continue;
    }
    for (const name of beside) {
      const annotations = join(folder, name, '_annotations.coco.json');
      if (found[split] === undefined && (await isThere(annotations)))
        found[split] = { annotations, images: join(folder, name) };
    }
  }
  if (found.train !== undefined || found.test !== undefined) return found;
  throw new MaNetError('not-found', 'There is no file of annotations in the layout of COCO.', {
    where: folder,
    hint: 'put annotations/instances_train.json and instances_val.json there, with images in train/ and val/.',
  });
}

/**
 * The images of a folder in COCO's layout. Throws `not-found` where there are none to train on, `bad-data` where the two
 * files of annotations have other classes or an image has more objects than `room`, and what reading them throws.
 */
export async function readCoco(folder: string, room = Infinity): Promise<CocoSets> {
  const { train: place, test } = await findCoco(folder);
  if (place === undefined) {
    throw new MaNetError('not-found', 'There are no annotations of training images.', {
      where: folder,
      hint: 'add annotations/instances_train.json with the images in train/.',
    });
  }
  const [annotations, others] = await Promise.all([
    readAnnotations(place.annotations),
    test === undefined ? undefined : readAnnotations(test.annotations),
  ]);
  for (const read of [annotations, others]) if (read !== undefined) refuseFull(read, room);
  const train = cocoDataset(annotations, {
    name: `${basename(folder)}, train`,
    folder: place.images,
    onlyWithObjects: true,
  });
  const classIds = annotations.categoryIds;
  if (test === undefined || others === undefined)
    return { classNames: annotations.classNames, classIds, train };
  const [known, found] = [annotations.classNames, others.classNames];
  const differs = Array.from({ length: Math.max(known.length, found.length) }, (_, k) => k).find(
    (k) => known[k] !== found[k],
  );
  if (differs !== undefined) {
    throw new MaNetError(
      'bad-data',
      `Class ${differs} is "${known[differs] ?? 'none'}" in training and "${found[differs] ?? 'none'}" in test images.`,
      {
        where: `${place.annotations} and ${test.annotations}`,
        hint: 'give both files the same categories, with the same ids.',
      },
    );
  }
  return {
    classNames: known,
    classIds,
    train,
    test: cocoDataset(others, {
      name: `${basename(folder)}, test`,
      folder: test.images,
      onlyWithObjects: false,
    }),
  };
}

/** A run would find out when the image has its turn, after hours. */
function refuseFull({ images, countOf, path }: CocoAnnotations, room: number): void {
  const full = [...images.keys()].filter((i) => countOf(i) > room);
  const [first] = full;
  if (first === undefined) return;
  const { file } = images[first]!;
  const most = full.reduce((m, i) => Math.max(m, countOf(i)), 0);
  throw new MaNetError(
    'bad-data',
    `${full.length} of ${images.length} images have more objects than a batch has room for, ${room}: the first is "${file}" with ${countOf(first)}.`,
    { where: path, hint: `set data.objects=${most}, or remove these images from the file.` },
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw fileError(error, folder);
  }
}

async function firstFolder(candidates: readonly string[]): Promise<string> {
  for (const folder of candidates) if (await isThere(folder)) return folder;
  throw new MaNetError('not-found', 'The folder of the images is missing.', {
    where: candidates[0]!,
    hint: `put the images there, or into ${candidates.slice(1).join(' or ')}.`,
  });
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
