import { readFile } from 'node:fs/promises';
import { fileError } from '@ma-net/core/node';
import { decodePhoto } from '@ma-net/data/node';
import { type Classifier, classifierOf, openBytes } from './classifier.ts';

/**
 * A classifier from a file that `manet export` or `manet prune` wrote, safetensors or ONNX, with its classes and its
 * preprocessing. It takes photographs: a path, or the bytes of a JPEG, PNG or WebP. A safetensors file runs on the backend
 * that was started, or on the engine; an ONNX file on ONNX Runtime. Throws `not-found` and `bad-file`.
 */
export async function loadClassifier(path: string): Promise<Classifier<string | Uint8Array>> {
  return classifierOf(await openBytes(await read(path), path), async (image) =>
    typeof image === 'string'
      ? decodePhoto(await read(image), image)
      : decodePhoto(image, 'an image in memory'),
  );
}

async function read(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
}
