// A results file of COCO's tools, whoever wrote it, held against a file of annotations.

import { readFile } from 'node:fs/promises';
import { excerpt, MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import {
  type CocoDetection,
  cocoMeasures,
  type CocoObject,
  countsFrom,
  evaluateCoco,
  maskBox,
  type Rle,
} from '@ma-net/metrics';
import { z } from 'zod';
import { readAnnotations } from './annotations.ts';
import { findCoco } from './folder.ts';
import type { CocoAnnotations } from './objects.ts';
import { wholeMask } from './view.ts';

const whole = z.int().min(0);
const entrySchema = z
  .object({
    image_id: z.int(),
    category_id: z.int(),
    score: z.number(),
    bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
    segmentation: z
      .object({ counts: z.union([z.string(), z.array(whole)]), size: z.tuple([whole, whole]) })
      .optional(),
  })
  .refine(({ bbox, segmentation }) => bbox !== undefined || segmentation !== undefined, {
    error: 'has neither a bbox nor a segmentation',
  });
type Entry = z.infer<typeof entrySchema>;

/** What a results file says, by the ids of its data set. */
export interface CocoResults {
  readonly detections: readonly CocoDetection[];
  /** Whether every entry has one. */
  readonly boxes: boolean;
  readonly masks: boolean;
}

/**
 * Reads a results file about the images of `annotations`; an entry without a box gets that of its mask. Throws
 * `not-found`, `file-failed`, `bad-file` for what is no JSON list, and `bad-data` for an entry that cannot be used, is of
 * an image or a category that the annotations do not have, or has a mask of another size than its image.
 */
export async function readResults(path: string, annotations: CocoAnnotations): Promise<CocoResults> {
  const entries = (await listIn(path)).map((element, n) => checked(element, n, path));
  const sizes = new Map(annotations.images.map(({ id, height, width }) => [id, [height, width] as const]));
  const categories = new Set(annotations.categoryIds);
  refuseStrangers(entries, 'image', (entry) => entry.image_id, sizes, annotations, path);
  refuseStrangers(entries, 'category', (entry) => entry.category_id, categories, annotations, path);
  return {
    detections: entries.map((entry, n): CocoDetection => {
      const mask = maskOf(entry, sizes.get(entry.image_id)!, `${path}, entry ${n}`);
      return {
        image: entry.image_id,
        category: entry.category_id,
        score: entry.score,
        box: entry.bbox ?? maskBox(mask!),
        ...(mask === undefined ? {} : { mask }),
      };
    }),
    boxes: entries.every(({ bbox }) => bbox !== undefined),
    masks: entries.length > 0 && entries.every(({ segmentation }) => segmentation !== undefined),
  };
}

/** What results are worth, in the measures of tasks. */
export interface MeasuredResults {
  /** The file of annotations that they were held against. */
  readonly truth: string;
  readonly images: number;
  readonly detections: number;
  readonly classNames: readonly string[];
  readonly measures: Readonly<Record<string, number>>;
  /** By the index of a class. */
  readonly byClass: ReadonlyMap<number, Readonly<Record<string, number>>>;
}

/**
 * COCO's numbers of a results file about the test images of a folder in COCO's layout, or about its training images
 * where it has no others: of boxes where every entry has one, and of masks. Throws what reading both throws, and
 * `bad-data` where there is nothing to find.
 */
export async function measureResults(path: string, folder: string): Promise<MeasuredResults> {
  const { train, test } = await findCoco(folder);
  const truth = (test ?? train)!.annotations;
  const annotations = await readAnnotations(truth);
  try {
    const { detections, boxes, masks } = await readResults(path, annotations);
    const kinds = [...(boxes ? (['boxes'] as const) : []), ...(masks ? (['masks'] as const) : [])];
    if (kinds.length === 0) throw mixed(path);
    const truths = await objectsOf(annotations, masks);
    if (!truths.some(({ crowd }) => !crowd)) throw nothingToFind(truth);
    const images = annotations.images.map(({ id }) => id);
    const categories = annotations.categoryIds;
    const measures: Record<string, number> = {};
    const byClass = new Map<number, Record<string, number>>();
    for (const of of kinds) {
      const found = evaluateCoco(truths, detections, { of, images, categories });
      Object.assign(measures, cocoMeasures(found.all, of));
      for (const [label, id] of categories.entries()) {
        const own = cocoMeasures(found.byCategory.get(id)!, of);
        if (Object.keys(own).length > 0) byClass.set(label, { ...byClass.get(label), ...own });
      }
    }
    const { classNames } = annotations;
    return { truth, images: images.length, detections: detections.length, classNames, measures, byClass };
  } finally {
    await annotations.close();
  }
}

/** All that is to be found, by the ids of the file. */
async function objectsOf(annotations: CocoAnnotations, masks: boolean): Promise<CocoObject[]> {
  const { images, categoryIds, path } = annotations;
  const objects: CocoObject[] = [];
  for (const [i, { id: image, height, width }] of images.entries()) {
    for (const { id, label, box, crowd, area, segmentation } of await annotations.objectsOf(i)) {
      if (masks && segmentation === undefined) throw withoutMask(id, path);
      const [x0, y0, x1, y1] = box;
      const own = { image, category: categoryIds[label]!, box: [x0, y0, x1 - x0, y1 - y0] as const, area };
      const mask = masks ? { mask: wholeMask(segmentation!, [height, width]) } : {};
      objects.push({ ...own, crowd, ...mask });
    }
  }
  return objects;
}

async function listIn(path: string): Promise<readonly unknown[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, path);
  }
  const refuse = (problem: string, hint: string): MaNetError =>
    new MaNetError('bad-file', `This is no results file: ${problem}.`, { where: path, hint });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refuse(
      `it is not JSON (${excerpt((error as Error).message)})`,
      'write it again; results are one JSON list.',
    );
  }
  if (Array.isArray(value)) return value;
  throw refuse(
    'it does not hold a list',
    'pass a list of objects with image_id, category_id, score and bbox or segmentation, as "manet predict --results" writes it; a file of annotations goes with its folder to --data.',
  );
}

function checked(element: unknown, n: number, path: string): Entry {
  const result = entrySchema.safeParse(element);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'it';
  throw new MaNetError(
    'bad-data',
    `Entry ${n} cannot be used: ${field}: ${issue?.message ?? 'unknown'}; found ${excerpt(element)}.`,
    {
      where: path,
      hint: 'give every entry image_id, category_id, score, and bbox (x, y, width, height) or segmentation (size and counts).',
    },
  );
}

/** Results of another data set: not one entry is left out of the count. */
function refuseStrangers(
  entries: readonly Entry[],
  what: 'image' | 'category',
  idOf: (entry: Entry) => number,
  known: { has(id: number): boolean },
  annotations: CocoAnnotations,
  path: string,
): void {
  const strangers = entries.flatMap((entry, n) => (known.has(idOf(entry)) ? [] : [n]));
  const [first] = strangers;
  if (first === undefined) return;
  const all = strangers.length === entries.length;
  throw new MaNetError(
    'bad-data',
    `${strangers.length} of ${entries.length} entries are of ${what === 'image' ? 'images' : 'categories'} that the data set does not have; the first is entry ${first}, of ${what} ${idOf(entries[first]!)}.`,
    {
      where: `${path}, held against ${annotations.path}`,
      hint: all
        ? 'these are results of another data set: pass its folder with --data.'
        : `pass results of the same data set, with its ${what} ids, or remove these entries.`,
    },
  );
}

function maskOf(
  { segmentation, image_id }: Entry,
  [height, width]: readonly [number, number],
  where: string,
): Rle | undefined {
  if (segmentation === undefined) return undefined;
  const { size, counts } = segmentation;
  if (size[0] === height && size[1] === width) return { size, counts: countsFrom(counts, size, where) };
  throw new MaNetError(
    'bad-data',
    `The mask is of ${size.join(' x ')} pixels, image ${image_id} of ${height} x ${width}.`,
    { where, hint: 'write masks with the height and width of the image itself, not of a resized one.' },
  );
}

function mixed(path: string): MaNetError {
  return new MaNetError('bad-data', 'Some entries have no bbox, and others no segmentation.', {
    where: path,
    hint: 'give all of them boxes, or all of them masks.',
  });
}

function withoutMask(id: number, where: string): MaNetError {
  return new MaNetError('bad-data', `The results have masks, and annotation ${id} has none.`, {
    where,
    hint: 'add its segmentation, or leave the segmentations of the results out to measure boxes alone.',
  });
}

function nothingToFind(where: string): MaNetError {
  return new MaNetError('bad-data', 'None of the images has an object to find.', {
    where,
    hint: 'pass annotations that are not all crowds.',
  });
}
