// A file of annotations in COCO's layout (Lin et al. 2014): which images there are, which classes, and where in the
// file the objects of each image stand. Nothing of an object stays in memory but that.

import { type FileHandle, open } from 'node:fs/promises';
import { excerpt, MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import { countsFrom } from '@ma-net/metrics';
import { z } from 'zod';
import type { CocoAnnotation, CocoAnnotations, CocoImage, Segmentation } from './objects.ts';
import { type Place, scanLists } from './scan.ts';

const whole = z.int().min(0);
/** Entries of a file of annotations. */
export const imageSchema = z.object({
  id: z.int(),
  file_name: z.string().min(1),
  height: z.int().min(1),
  width: z.int().min(1),
});
export const categorySchema = z.object({ id: z.int(), name: z.string() });
const segmentationSchema = z.union([
  z.array(z.array(z.number())),
  z.object({ counts: z.union([z.string(), z.array(whole)]), size: z.tuple([whole, whole]) }),
]);
export const annotationSchema = z.object({
  id: z.int(),
  image_id: z.int(),
  category_id: z.int(),
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).optional(),
  area: z.number().optional(),
  segmentation: segmentationSchema.nullish(),
});
type Annotation = z.infer<typeof annotationSchema>;

/**
 * Reads a file of annotations. Throws `not-found`, `file-failed`, `bad-file` for what is not JSON, and `bad-data` for
 * what is missing in it: an annotation of an image or of a category that the file does not have, ids that are twice
 * there, a field of another kind.
 */
export async function readAnnotations(path: string): Promise<CocoAnnotations> {
  const images: CocoImage[] = [];
  const categories = new Map<number, string>();
  const [imageIds, categoryOf, offsets, lengths] = [numbers(), numbers(), numbers(), numbers()];
  const countable = numbers();
  await scanLists(path, ['images', 'annotations', 'categories'], (list, element, place) => {
    if (list === 'images') {
      const { id, file_name: file, height, width } = checked(imageSchema, element, path, list, images.length);
      images.push({ id, file, height, width });
    } else if (list === 'categories') {
      const { id, name } = checked(categorySchema, element, path, list, categories.size);
      if (categories.has(id)) throw twice('category', id, path);
      categories.set(id, name);
    } else {
      const { image_id, category_id, bbox, iscrowd } = checked(
        annotationSchema,
        element,
        path,
        list,
        offsets.length,
      );
      imageIds.push(image_id);
      categoryOf.push(category_id);
      offsets.push(place.offset);
      lengths.push(place.length);
      countable.push(Number(!iscrowd && bbox[2] > 0 && bbox[3] > 0));
    }
  });
  if (images.length === 0) throw nothing('images', path);
  if (categories.size === 0) throw nothing('categories', path);

  const indexOf = new Map(images.map(({ id }, i) => [id, i]));
  if (indexOf.size < images.length) {
    throw twice('image', images.find(({ id }, i) => indexOf.get(id) !== i)!.id, path);
  }
  const categoryIds = [...categories.keys()].sort((a, b) => a - b);
  const labelOf = new Map(categoryIds.map((id, label) => [id, label]));
  for (let i = 0; i < offsets.length; i++) {
    if (!indexOf.has(imageIds.at(i))) throw unknown('image', imageIds.at(i), i, path);
    if (!labelOf.has(categoryOf.at(i))) throw unknown('category', categoryOf.at(i), i, path);
  }
  // By image, in the order of the file: counted first, then put in place.
  const starts = new Uint32Array(images.length + 1);
  for (let i = 0; i < offsets.length; i++) starts[indexOf.get(imageIds.at(i))! + 1]!++;
  for (let i = 0; i < images.length; i++) starts[i + 1]! += starts[i]!;
  const order = new Uint32Array(offsets.length);
  const next = starts.slice();
  for (let i = 0; i < offsets.length; i++) order[next[indexOf.get(imageIds.at(i))!]!++] = i;
  const counts = new Uint32Array(images.length);
  for (let i = 0; i < offsets.length; i++) counts[indexOf.get(imageIds.at(i))!]! += countable.at(i);

  let file: Promise<FileHandle> | undefined;
  const read = async ({ offset, length }: Place): Promise<unknown> => {
    const bytes = Buffer.alloc(length);
    try {
      file ??= open(path);
      await (await file).read(bytes, 0, length, offset);
    } catch (error) {
      throw fileError(error, path);
    }
    return JSON.parse(bytes.toString('utf8'));
  };
  return {
    path,
    images,
    classNames: categoryIds.map((id) => categories.get(id)!),
    categoryIds,
    size: offsets.length,
    countOf: (image) => counts[image]!,
    async objectsOf(image) {
      const own = [...order.subarray(starts[image]!, starts[image + 1]!)];
      return Promise.all(
        own.map(async (i) => {
          const element = await read({ offset: offsets.at(i), length: lengths.at(i) });
          const annotation = checked(annotationSchema, element, path, 'annotations', i);
          return objectOf(annotation, labelOf.get(annotation.category_id)!, images[image]!, path);
        }),
      );
    },
    async close() {
      const opened = file;
      file = undefined;
      await (await opened)?.close();
    },
  };
}

function objectOf(found: Annotation, label: number, image: CocoImage, path: string): CocoAnnotation {
  const [x, y, width, height] = found.bbox;
  const segmentation = segmentationOf(found, image, path);
  return {
    id: found.id,
    label,
    box: [x, y, x + width, y + height],
    crowd: Boolean(found.iscrowd),
    area: found.area ?? width * height,
    ...(segmentation === undefined ? {} : { segmentation }),
  };
}

function segmentationOf(
  { id, segmentation }: Annotation,
  { height, width }: CocoImage,
  path: string,
): Segmentation | undefined {
  if (segmentation === undefined || segmentation === null) return undefined;
  if (Array.isArray(segmentation)) {
    // Less than three corners enclose nothing.
    const polygons = segmentation.filter((points) => points.length >= 6);
    return polygons.length === 0 ? undefined : { polygons };
  }
  const { size, counts } = segmentation;
  const where = `${path}, annotation ${id}`;
  if (size[0] === height && size[1] === width)
    return { rle: { size, counts: countsFrom(counts, size, where) } };
  throw new MaNetError(
    'bad-data',
    `The mask is of ${size.join(' x ')} pixels, its image of ${height} x ${width}.`,
    {
      where,
      hint: 'correct the mask, or the height and width of the image in the file.',
    },
  );
}

/** A list of numbers that grows, eight bytes each. */
function numbers(): { readonly length: number; push(value: number): void; at(index: number): number } {
  let values = new Float64Array(1024);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === values.length) {
        const larger = new Float64Array(2 * length);
        larger.set(values);
        values = larger;
      }
      values[length++] = value;
    },
    at: (index) => values[index]!,
  };
}

function checked<T>(schema: z.ZodType<T>, element: unknown, path: string, list: string, index: number): T {
  const result = schema.safeParse(element);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'it';
  throw new MaNetError(
    'bad-data',
    `Element ${index} of "${list}" cannot be used: ${field}: ${issue?.message ?? 'unknown'}; found ${excerpt(element)}.`,
    {
      where: path,
      hint: 'correct the element; "manet data check <folder>" lists every problem of a data set.',
    },
  );
}

function twice(what: string, id: number, path: string): MaNetError {
  return new MaNetError('bad-data', `Two entries have the ${what} id ${id}.`, {
    where: path,
    hint: `give every ${what} an id of its own.`,
  });
}

function unknown(what: string, id: number, index: number, path: string): MaNetError {
  return new MaNetError(
    'bad-data',
    `Annotation ${index} is of ${what} ${id}, which the file does not have.`,
    {
      where: path,
      hint: `add the ${what}, or remove the annotation.`,
    },
  );
}

function nothing(what: string, path: string): MaNetError {
  return new MaNetError('bad-data', `The file has no ${what}.`, {
    where: path,
    hint: 'pass an instances_*.json in the layout of COCO, with "images", "annotations" and "categories".',
  });
}
