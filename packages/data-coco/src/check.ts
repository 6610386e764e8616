// What is wrong with a folder in COCO's layout: all of it, not the first thing alone.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { excerpt, MaNetError } from '@ma-net/core';
import { decodePhoto } from '@ma-net/data/node';
import { countsFrom } from '@ma-net/metrics';
import type { z } from 'zod';
import { annotationSchema, categorySchema, imageSchema } from './annotations.ts';
import { type CocoPlace, findCoco } from './folder.ts';
import { scanLists } from './scan.ts';

/** What is in a file of annotations and in its images, and what is wrong there. */
export interface CocoReport {
  /** The file of annotations. */
  readonly file: string;
  readonly images: number;
  readonly objects: number;
  readonly crowds: number;
  /** Most objects of an image, crowds and what has no area left out: a batch needs room for so many. */
  readonly most: number;
  /** Objects of each class, by its name. */
  readonly perClass: ReadonlyMap<string, number>;
  readonly problems: readonly { readonly where: string; readonly what: string }[];
}

/** Told how many images were looked at, of how many. */
export type CheckProgress = (done: number, of: number) => void;

/**
 * Looks at all annotations and decodes all images; what is wrong is reported, not thrown. Throws `not-found` where there
 * are no annotations, and `bad-file` for a file that is not JSON.
 */
export async function checkCoco(folder: string, progress?: CheckProgress): Promise<readonly CocoReport[]> {
  const { train, test } = await findCoco(folder);
  const reports: CocoReport[] = [];
  for (const place of [train, test]) if (place !== undefined) reports.push(await checkPlace(place, progress));
  return reports;
}

type Image = z.infer<typeof imageSchema>;
type Annotation = z.infer<typeof annotationSchema>;

async function checkPlace(
  { annotations: file, images: folder }: CocoPlace,
  progress?: CheckProgress,
): Promise<CocoReport> {
  const problems: { where: string; what: string }[] = [];
  const images = new Map<number, Image>();
  const categories = new Map<number, string>();
  const annotations: Annotation[] = [];
  const ids = new Set<number>();
  const say = (where: string, what: string): void => void problems.push({ where, what });

  await scanLists(file, ['images', 'annotations', 'categories'], (list, element) => {
    const schema = { images: imageSchema, annotations: annotationSchema, categories: categorySchema }[list];
    const found = schema!.safeParse(element);
    if (!found.success) {
      const [issue] = found.error.issues;
      return say(`${list}, ${excerpt(element)}`, `${issue!.path.join('.') || 'it'}: ${issue!.message}`);
    }
    const { id } = found.data;
    if (list === 'images') {
      if (images.has(id)) say(`image ${id}`, 'another image has its id');
      images.set(id, found.data as Image);
    } else if (list === 'categories') {
      if (categories.has(id)) say(`category ${id}`, 'another category has its id');
      categories.set(id, (found.data as z.infer<typeof categorySchema>).name);
    } else {
      if (ids.has(id)) say(`annotation ${id}`, 'another annotation has its id');
      ids.add(id);
      annotations.push(found.data as Annotation);
    }
  });
  if (images.size === 0) say(file, 'it has no images');
  if (categories.size === 0) say(file, 'it has no categories');

  const counts = new Map<number, number>();
  const perClass = new Map([...categories.values()].map((name) => [name, 0]));
  for (const annotation of annotations) {
    const name = categories.get(annotation.category_id);
    if (name !== undefined) perClass.set(name, perClass.get(name)! + 1);
    const image = images.get(annotation.image_id);
    for (const what of problemsOf(annotation, image, name)) say(`annotation ${annotation.id}`, what);
    const [, , width, height] = annotation.bbox;
    if (!annotation.iscrowd && width > 0 && height > 0)
      counts.set(annotation.image_id, (counts.get(annotation.image_id) ?? 0) + 1);
  }
  let done = 0;
  for (const image of images.values()) {
    const what = await problemOf(image, folder);
    if (what !== undefined) say(join(folder, image.file_name), what);
    progress?.(++done, images.size);
  }
  return {
    file,
    images: images.size,
    objects: annotations.length,
    crowds: annotations.filter(({ iscrowd }) => iscrowd).length,
    most: [...counts.values()].reduce((most, count) => Math.max(most, count), 0),
    perClass,
    problems,
  };
}

function problemsOf(
  { image_id, category_id, bbox: [x, y, width, height], segmentation }: Annotation,
  image: Image | undefined,
  name: string | undefined,
): string[] {
  const found: string[] = [];
  if (image === undefined) found.push(`there is no image ${image_id}`);
  if (name === undefined) found.push(`there is no category ${category_id}`);
  if (!(width > 0 && height > 0)) found.push(`its box has no area: ${width} x ${height}`);
  // Borders are rounded here and there by half a pixel.
  else if (
    image !== undefined &&
    (x < -1 || y < -1 || x + width > image.width + 1 || y + height > image.height + 1)
  )
    found.push(
      `its box ${x}, ${y}, ${width} x ${height} leaves the image of ${image.width} x ${image.height} pixels (width x height)`,
    );
  if (image === undefined || segmentation === undefined || segmentation === null) return found;
  if (Array.isArray(segmentation)) {
    if (!segmentation.some((points) => points.length >= 6))
      found.push('its outline has less than three corners');
    return found;
  }
  const { size, counts } = segmentation;
  if (size[0] !== image.height || size[1] !== image.width)
    found.push(`its mask is of ${size.join(' x ')} pixels, the image of ${image.height} x ${image.width}`);
  else {
    try {
      countsFrom(counts, size, '');
    } catch (error) {
      if (!(error instanceof MaNetError)) throw error;
      found.push(firstLine(error.message));
    }
  }
  return found;
}

/** What is wrong with the file of an image. */
async function problemOf({ file_name, height, width }: Image, folder: string): Promise<string | undefined> {
  const path = join(folder, file_name);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch {
    return 'the image is missing, or cannot be read';
  }
  try {
    const encoded = await decodePhoto(bytes, path);
    await encoded.read(3);
    if (encoded.height === height && encoded.width === width) return undefined;
    return `it is of ${encoded.height} x ${encoded.width} pixels, its annotations of ${height} x ${width}`;
  } catch (error) {
    if (!(error instanceof MaNetError)) throw error;
    return firstLine(error.message);
  }
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!;
