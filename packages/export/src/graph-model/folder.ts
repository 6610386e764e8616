// A graph model on disk: model.json, and its weights in shards of 4 MiB, which browsers fetch side by side and keep.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MaNetError, parseJson } from '@ma-net/core';
import { fileError, ownVersion, writeFileAtomic } from '@ma-net/core/node';
import { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { GraphModel } from './graph-model.ts';

const GENERATED_BY = 'MA-Net ';

const SHARD_BYTES = 4 * 1024 * 1024;

/**
 * Writes the model into `folder`, making it. Shards are named by what they hold, and model.json comes last, so that it
 * is whole at any moment and names shards that are; those of a model that it replaces go afterwards.
 */
export async function writeGraphModel(folder: string, { description, weights }: GraphModel): Promise<void> {
  await makeFolder(folder);
  const bytes = Buffer.concat(
    weights.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  const paths = Array.from({ length: count }, (_, k) => `weights-${hash}-${k + 1}of${count}.bin`);
  for (const [k, path] of paths.entries()) {
    await writeFileAtomic(join(folder, path), bytes.subarray(k * SHARD_BYTES, (k + 1) * SHARD_BYTES));
  }
  const model = {
    ...description,
    generatedBy: `${GENERATED_BY}${ownVersion()}`,
    convertedBy: null,
    weightsManifest: [{ paths, weights: weights.map(({ name, shape, dtype }) => ({ name, shape, dtype })) }],
  };
  await writeFileAtomic(join(folder, 'model.json'), JSON.stringify(model));

  for (const file of await readdir(folder)) {
    const replaced = /^weights-[0-9a-f]{16}-\d+of\d+\.bin$/.test(file) && !paths.includes(file);
    if (replaced) await rm(join(folder, file), { force: true });
  }
}

/** Reads the model in `folder` for `loadGraphModel`, which knows no files. */
export function graphModelFrom(folder: string): io.IOHandler {
  return {
    async load() {
      const model = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as io.ModelJSON;
      return io.getModelArtifactsForJSON(model, async (manifest) => {
        const paths = manifest.flatMap((group) => group.paths);
        const shards = await Promise.all(paths.map((path) => readFile(join(folder, path))));
        const { buffer, byteOffset, byteLength } = Buffer.concat(shards);
        return [io.getWeightSpecs(manifest), buffer.slice(byteOffset, byteOffset + byteLength)];
      });
    },
  };
}

/** Whether the folder is a graph model that was written here. */
export function isGraphModel(folder: string): boolean {
  try {
    const { generatedBy } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
      readonly generatedBy?: unknown;
    };
    return String(generatedBy).startsWith(GENERATED_BY);
  } catch {
    return false;
  }
}

/** What the model in `folder` says about itself, each entry in JSON. Throws `not-found`, `file-failed` or `bad-file`. */
export async function metadataIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const path = join(folder, 'model.json');
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  const told = { what: 'The graph model', where: path, hint: 'export the network again.' };
  const { success, data } = modelSchema.safeParse(parseJson(bytes, told));
  if (!success) {
    throw new MaNetError('bad-file', 'The file is not the description of a graph model.', {
      where: path,
      hint: told.hint,
    });
  }
  const entries = Object.entries(data.userDefinedMetadata ?? {});
  return new Map(entries.map(([key, value]) => [key, JSON.stringify(value)]));
}

const modelSchema = z.looseObject({ userDefinedMetadata: z.record(z.string(), z.unknown()).exactOptional() });

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new MaNetError('bad-argument', 'The folder of the model cannot be made.', {
      where: folder,
      hint: 'a graph model is several files: name a folder, new or old, with --out.',
      cause: error,
    });
  }
}
