import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { type Dataset, MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import type { CocoAnnotations } from './objects.ts';
import type { CocoSample } from './collate.ts';

export interface CocoDatasetOptions {
  readonly name: string;
  /** Where the images lie. */
  readonly folder: string;
  /** Whether images without an object to find are left out, as for training. */
  readonly onlyWithObjects: boolean;
}

/**
 * The images of a file of annotations with their objects; files are read when they are asked for. Samples have the
 * `index` of their image among `annotations.images`. Throws `bad-data` where no image is left, or a name leaves the
 * folder.
 */
export function cocoDataset(
  annotations: CocoAnnotations,
  { name, folder, onlyWithObjects }: CocoDatasetOptions,
): Dataset<CocoSample> {
  const { images, path } = annotations;
  for (const { file } of images) {
    if (!isAbsolute(file) && !normalize(file).startsWith('..')) continue;
    throw new MaNetError('bad-data', `The file "${file}" of an image is not in the folder of the images.`, {
      where: path,
      hint: 'give names of files below the folder.',
    });
  }
  const chosen = [...images.keys()].filter((i) => !onlyWithObjects || annotations.countOf(i) > 0);
  if (chosen.length === 0) {
    throw new MaNetError('bad-data', 'No image has an object to find.', {
      where: path,
      hint: 'pass a file whose annotations are not all crowds or without an area.',
    });
  }
  const known = createHash('sha256');
  for (const i of chosen) {
    const { id, file, height, width } = images[i]!;
    known.update(JSON.stringify([id, file, height, width, annotations.countOf(i)]));
  }
  return {
    name,
    size: chosen.length,
    fingerprint: known.digest('hex'),
    sizeOf: (index) => [images[chosen[index]!]!.height, images[chosen[index]!]!.width],
    async read(index) {
      const image = chosen[index]!;
      const where = join(folder, images[image]!.file);
      const [bytes, objects] = await Promise.all([
        readFile(where).catch((error: unknown) => {
          throw fileError(error, where);
        }),
        annotations.objectsOf(image),
      ]);
      const { height, width } = images[image]!;
      return { image: new Uint8Array(bytes), index: image, objects, where, size: [height, width] };
    },
    close: () => annotations.close(),
  };
}
