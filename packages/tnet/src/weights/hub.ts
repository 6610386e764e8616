// Weight files of the Hugging Face hub, kept in a cache. Node only.

import { downloadFile, HubApiError, type PathInfo, pathsInfo } from '@huggingface/hub';
import { MaNetError } from '@ma-net/core';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HubOptions } from '../options.ts';

export interface HubFile {
  /** Owner and name, as in `timm/resnet50.tv_in1k`. */
  readonly repo: string;
  /** `model.safetensors` unless given. */
  readonly file?: string;
  /** A branch, a tag or a commit; `main` unless given. */
  readonly revision?: string;
}

/**
 * The path of a weight file of the hub. It is fetched once, continues where an interrupted download stopped,
 * and is only kept if its SHA-256 is the one the hub gives; afterwards no connection is needed. Throws
 * `not-found` when the hub cannot be reached or has no such file, and `bad-file` when the sum is wrong.
 */
export async function downloadWeights(
  { repo, file = 'model.safetensors', revision = 'main' }: HubFile,
  { cacheDir = defaultCache(), onProgress, ...connection }: HubOptions = {},
): Promise<string> {
  for (const part of [repo, file, revision]) {
    if (/^[\w.-]+(\/[\w.-]+)*$/.test(part) && !part.split('/').includes('..')) continue;
    throw new MaNetError('bad-argument', `"${part}" cannot be part of an address on the hub.`, {
      hint: 'write the repository as owner/name, as in timm/resnet50.tv_in1k.',
    });
  }
  const path = join(cacheDir, repo.replace('/', '--'), revision.replaceAll('/', '--'), file);
  if (await exists(path)) return path;

  const where = `${connection.hubUrl ?? 'https://huggingface.co'}/${repo}, ${file}`;
  try {
    const place = { repo, revision, ...connection };
    const [info] = await pathsInfo({ ...place, paths: [file] });
    const blob = info === undefined ? null : await downloadFile({ ...place, path: file });
    if (info === undefined || blob === null) {
      throw new MaNetError('not-found', `The hub has no file "${file}" in ${repo} at "${revision}".`, {
        where,
        hint: 'look at the files of the repository on the hub; only safetensors files can be read.',
      });
    }
    await mkdir(dirname(path), { recursive: true });
    await receive(blob, info, path, where, onProgress);
    return path;
  } catch (error) {
    if (error instanceof MaNetError) throw error;
    throw unreachable(error, where);
  }
}

/** Appends what is missing to a partial file, checks it, and gives it its name. */
async function receive(
  blob: Blob,
  { size, lfs }: PathInfo,
  path: string,
  where: string,
  onProgress: HubOptions['onProgress'],
): Promise<void> {
  const partial = `${path}.${lfs?.oid.slice(0, 12) ?? size}.part`;
  const hash = createHash('sha256');
  let received = await addFile(hash, partial);
  const out = await open(partial, 'a');
  try {
    const rest = received === 0 ? blob : blob.slice(received);
    if (received < size) {
      for await (const chunk of rest.stream() as unknown as AsyncIterable<Uint8Array>) {
        await out.write(chunk);
        hash.update(chunk);
        received += chunk.length;
        onProgress?.(received, size);
      }
    }
    await out.sync();
  } finally {
    await out.close();
  }
  const sum = hash.digest('hex');
  if (received !== size || (lfs !== undefined && sum !== lfs.oid)) {
    await rm(partial);
    throw new MaNetError(
      'bad-file',
      `The download has ${received} bytes with SHA-256 ${sum}; the hub says ${size} with ${lfs?.oid ?? 'no sum'}.`,
      { where, hint: 'nothing was kept; download it again.' },
    );
  }
  await rename(partial, path);
}

/** Adds a file to the sum, if there is one; its size. */
async function addFile(hash: Hash, path: string): Promise<number> {
  let size = 0;
  if (!(await exists(path))) return size;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return size;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function defaultCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ma-net', 'weights');
}

function unreachable(error: unknown, where: string): unknown {
  if (error instanceof HubApiError) {
    return new MaNetError('not-found', `The hub refuses: ${error.statusCode} ${error.message}`, {
      where,
      hint: 'check the name of the repository, and pass an access token if it is not public.',
      cause: error,
    });
  }
  // What fetch throws when there is no connection.
  if (error instanceof TypeError) {
    return new MaNetError('not-found', `The hub cannot be reached: ${error.message}.`, {
      where,
      hint: 'check the connection, or fetch the file on another machine and pass its path.',
      cause: error,
    });
  }
  return error;
}
