// Weight files of the Hugging Face hub, kept in a cache. Node only.

import { downloadFile, HubApiError, type PathInfo, pathsInfo } from '@huggingface/hub';
import { kindOfFile, MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HubOptions } from '../options.ts';
import { answered, PATIENCE, partsOf, type Reading } from './patience.ts';

export interface HubFile {
  /** Owner and name, as in `timm/resnet50.tv_in1k`. */
  readonly repo: string;
  /** `model.safetensors` unless given. */
  readonly file?: string;
  /** A branch, a tag or a commit; `main` unless given. */
  readonly revision?: string;
}

/**
 * The path of a weight file of the hub. It is fetched once, continues where an interrupted download stopped, ends at
 * the size that the hub announced, and is only kept if its sum is the one the hub gives: SHA-256 of large files, of
 * others the sum of git. Afterwards no connection is needed. Throws `not-found` when the hub cannot be reached, has no
 * such file or falls silent, and `bad-file` when size or sum are wrong or the hub gives no sum.
 */
export async function downloadWeights(
  { repo, file = 'model.safetensors', revision = 'main' }: HubFile,
  {
    cacheDir = defaultCache(),
    onProgress,
    patience = PATIENCE,
    fetch: get = fetch,
    ...access
  }: HubOptions = {},
): Promise<string> {
  for (const part of [repo, file, revision]) {
    if (/^[\w.-]+(\/[\w.-]+)*$/.test(part) && !part.split('/').includes('..')) continue;
    throw new MaNetError('bad-argument', `"${part}" cannot be part of an address on the hub.`, {
      hint: 'write the repository as owner/name, as in timm/resnet50.tv_in1k.',
    });
  }
  const path = join(cacheDir, repo.replace('/', '--'), revision.replaceAll('/', '--'), file);
  if (await exists(path)) return path;

  const where = `${access.hubUrl ?? 'https://huggingface.co'}/${repo}, ${file}`;
  try {
    const place = { repo, revision, ...access, fetch: patient(get, patience, where) };
    const [info] = await pathsInfo({ ...place, paths: [file] });
    const blob = info === undefined ? null : await downloadFile({ ...place, path: file });
    if (info === undefined || blob === null) {
      throw new MaNetError('not-found', `The hub has no file "${file}" in ${repo} at "${revision}".`, {
        where,
        hint: 'look at the files of the repository on the hub; only safetensors files can be read.',
      });
    }
    await mkdir(dirname(path), { recursive: true });
    await receive(blob, announcedBy(info, where), path, { where, patience, onProgress });
    return path;
  } catch (error) {
    if (error instanceof MaNetError) throw error;
    throw unreachable(fileError(error, path), where);
  }
}

/** Answers about files are short; of a longer one the rest is not read. */
const LONGEST_ANSWER = 2 ** 20;

/** `fetch` that does not wait for ever, and reads no endless answers about files. */
function patient(get: typeof fetch, patience: number, where: string): typeof fetch {
  return async (input, init) => {
    const response = await answered(get(input, init), patience, where);
    const asked = input instanceof Request ? input.url : String(input);
    const isFile = response.ok && !new URL(asked).pathname.startsWith('/api/');
    if (isFile || response.body === null) return response;
    const parts: Uint8Array[] = [];
    for await (const part of partsOf(response.body, LONGEST_ANSWER, patience, where)) parts.push(part);
    const { status, statusText, headers } = response;
    return new Response(Buffer.concat(parts), { status, statusText, headers });
  };
}

/** Size and sum of a file, and how the sum is made. */
interface Announced {
  readonly size: number;
  readonly sum: string;
  readonly start: () => Hash;
}

/** What the hub says of a file: for large ones SHA-256, for others git's sum of them. Throws `bad-file` without. */
function announcedBy({ size, oid, lfs }: PathInfo, where: string): Announced {
  if (Number.isSafeInteger(size) && size >= 0) {
    if (/^[0-9a-f]{64}$/.test(lfs?.oid ?? ''))
      return { size, sum: lfs!.oid, start: () => createHash('sha256') };
    const start = (): Hash => createHash('sha1').update(`blob ${size}\0`);
    if (lfs === undefined && oid !== undefined && /^[0-9a-f]{40}$/.test(oid))
      return { size, sum: oid, start };
  }
  throw new MaNetError(
    'bad-file',
    'The hub announces no size and sum of this file, so that it cannot be checked.',
    {
      where,
      hint: 'fetch the file yourself, and pass its path, if you trust its source.',
    },
  );
}

/** Appends what is missing to a partial file, checks it, and gives it its name. */
async function receive(
  blob: Blob,
  { size, sum, start }: Announced,
  path: string,
  { where, patience, onProgress }: Reading,
): Promise<void> {
  const partial = `${path}.${sum.slice(0, 12)}.part`;
  const hash = start();
  let received = await addFile(hash, partial);
  const out = await open(partial, 'a');
  try {
    if (received < size) {
      const rest = received === 0 ? blob : blob.slice(received);
      for await (const part of partsOf(rest.stream(), size - received, patience, where)) {
        if (received === 0) refuseOtherFile(part, where);
        await out.write(part);
        hash.update(part);
        received += part.length;
        onProgress?.(received, size);
      }
    }
    await out.sync();
  } catch (error) {
    if (error instanceof MaNetError && error.code === 'bad-file') await rm(partial, { force: true });
    throw error;
  } finally {
    await out.close();
  }
  const found = hash.digest('hex');
  if (received !== size || found !== sum) {
    await rm(partial);
    throw new MaNetError(
      'bad-file',
      `The download has ${received} bytes with the sum ${found}; the hub says ${size} with ${sum}.`,
      { where, hint: 'nothing was kept; download it again.' },
    );
  }
  await rename(partial, path);
}

/** A page to log in, or the error of a store, comes in place of a file. */
function refuseOtherFile(first: Uint8Array, where: string): void {
  const kind = kindOfFile(first);
  if (kind === undefined) return;
  throw new MaNetError(
    'bad-file',
    `The server sends no safetensors file. What it sends looks like ${kind}.`,
    {
      where,
      hint: 'nothing was kept. Does a proxy or a page to log in stand between?',
    },
  );
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
  // What fetch throws when there is no connection, and what a stream says that broke.
  if (typeof error === 'string') return unreachable(new TypeError(error), where);
  if (error instanceof TypeError) {
    return new MaNetError('not-found', `The hub cannot be reached: ${error.message}.`, {
      where,
      hint: 'check the connection, or fetch the file on another machine and pass its path.',
      cause: error,
    });
  }
  // What is no JSON, or not what was asked for.
  if (error instanceof Error) {
    return new MaNetError('not-found', `The hub's answer cannot be used: ${error.message}.`, {
      where,
      hint: 'another server may answer in its place, a proxy or a page to log in; check the address of the hub.',
      cause: error,
    });
  }
  return error;
}
