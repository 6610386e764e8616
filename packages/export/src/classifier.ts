// An exported network as what it was trained for: a classifier of images.

import { MaNetError } from '@ma-net/core';
import { type EncodedPicture, pictureInput, type RgbaImage, rgbaPicture } from '@ma-net/data';
import { type RankedClass, topClasses } from '@ma-net/task-classification';
import { askable } from './askable.ts';
import type { OpenFile } from './format.ts';
import { decodeNetwork } from './network-bytes.ts';
import { openGraph, somethingToRunOn } from './onnx-bytes.ts';

/** A network that tells what is on an image. `I` is what it takes for one. */
export interface Classifier<I> {
  readonly classNames: readonly string[];
  /** [H, W, C] that an image is brought to. */
  readonly shape: readonly number[];
  /** The likeliest classes of an image, the likeliest first; `top` of them, 5 unless told otherwise. */
  classify(image: I, top?: number): Promise<readonly RankedClass[]>;
  /** Frees its weights. */
  close(): void;
}

/** The file of a network: its bytes, what has them, such as a `File` or the `Response` of `fetch`, or its address. */
export type ModelSource = string | URL | Uint8Array | ArrayBuffer | { arrayBuffer(): Promise<ArrayBuffer> };

/** An image in a page: pixels, or the file of a photograph. */
export type PageImage = RgbaImage | Blob;

/**
 * A classifier from a file that `manet export` or `encodeNetwork` or `encodeOnnx` wrote: safetensors or ONNX. It brings its
 * classes and its preprocessing along. A safetensors file runs on the backend that was started, or on the engine; an ONNX
 * file on ONNX Runtime. Throws `bad-file`, `not-found` for an address where nothing is, and `bad-argument` for a network of
 * another kind.
 */
export async function loadClassifier(file: ModelSource): Promise<Classifier<PageImage>> {
  const where = file instanceof URL || typeof file === 'string' ? String(file) : 'a model in memory';
  const bytes = await bytesOf(file, where);
  return classifierOf(await openBytes(bytes, where), async (image) =>
    rgbaPicture('arrayBuffer' in image ? await pixelsOf(image) : image),
  );
}

/** A classifier of a network that can be asked; `decode` opens its images. */
export function classifierOf<I>(
  file: OpenFile,
  decode: (image: I) => Promise<EncodedPicture>,
): Classifier<I> {
  const { facts, takesPixels } = file;
  const { classNames, shapes } = facts;
  return {
    classNames,
    shape: shapes['images'] ?? [],
    async classify(image, top = 5) {
      const { data } = await pictureInput(await decode(image), facts, { pixels: takesPixels });
      const shape = [1, ...shapes['images']!];
      const { logits } = await file.run({ images: { dtype: 'float32', shape, data } });
      if (logits?.shape.length === 2) return topClasses(logits.data, classNames, top);
      throw new MaNetError('bad-argument', 'The network gives no logits of classes.', {
        where: 'logits',
        hint: 'pass a network that was trained to classify.',
      });
    },
    close: () => file.close(),
  };
}

/** A network in the bytes of a file, ready to be asked. Throws `bad-file`. */
export async function openBytes(bytes: Uint8Array, where: string): Promise<OpenFile> {
  if (!beginsAsSafetensors(bytes)) return openGraph(bytes, where);
  await somethingToRunOn();
  const { facts, ...trained } = await decodeNetwork(bytes, {}, where);
  return askable(trained, facts);
}

/** A safetensors file begins with the length of a JSON object, in eight bytes, and the object. */
const beginsAsSafetensors = (bytes: Uint8Array): boolean => bytes[7] === 0 && bytes[8] === '{'.charCodeAt(0);

async function bytesOf(file: ModelSource, where: string): Promise<Uint8Array> {
  if (file instanceof Uint8Array) return file;
  if (file instanceof ArrayBuffer) return new Uint8Array(file);
  const source = typeof file === 'string' || file instanceof URL ? await fetch(file) : file;
  if (source instanceof Response && !source.ok) {
    throw new MaNetError(
      'not-found',
      `The server has no such model: ${source.status} ${source.statusText}.`,
      {
        where: source.url || where,
        hint: 'see that the address is that of the file.',
      },
    );
  }
  return new Uint8Array(await source.arrayBuffer());
}

/** What of a page decodes images; the types of Node have none of it. */
interface PageGlobals {
  createImageBitmap(file: Blob): Promise<{ width: number; height: number; close(): void }>;
  OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(kind: '2d'): {
      drawImage(image: unknown, x: number, y: number): void;
      getImageData(x: number, y: number, width: number, height: number): RgbaImage;
    };
  };
}

async function pixelsOf(file: Blob): Promise<RgbaImage> {
  const page = globalThis as unknown as Partial<PageGlobals>;
  if (page.createImageBitmap === undefined || page.OffscreenCanvas === undefined) {
    throw new MaNetError('bad-argument', 'There is no browser here that could decode the image.', {
      hint: "in Node, take loadClassifier of '@ma-net/export/node'.",
    });
  }
  const bitmap = await page.createImageBitmap(file).catch((cause: unknown) => {
    throw new MaNetError('bad-data', `The image cannot be decoded. It has ${file.size} bytes.`, {
      hint: 'pass a JPEG, PNG or WebP file.',
      cause,
    });
  });
  const { width, height } = bitmap;
  const context = new page.OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}
