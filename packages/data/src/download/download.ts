// One file from a server: resumed where it stopped, and trusted only by its checksum.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MaNetError } from '@ma-net/core';

export interface Download {
  readonly url: string;
  /** Where the file goes; beside it lies `<file>.part` until it is whole. */
  readonly file: string;
  readonly checksum: { readonly algorithm: 'md5' | 'sha256'; readonly hex: string };
  /** Told how many bytes are there, of how many where the server says so. */
  readonly progress?: (done: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
}

/**
 * Brings a file here, whole or not at all, and resolves to false where it was here already. What an earlier try left
 * is continued where the server can. `bad-data` if the bytes are not those that were promised; they are removed then.
 */
export async function download({ url, file, checksum, progress, signal }: Download): Promise<boolean> {
  if ((await sizeOf(file)) !== undefined) {
    await check(file, file, url, checksum);
    return false;
  }
  const part = `${file}.part`;
  await mkdir(dirname(file), { recursive: true });
  const there = (await sizeOf(part)) ?? 0;
  const response = await ask(url, there, signal);
  const begin = response.status === 206 ? there : 0;
  // 416: the part is all there is.
  if (response.status !== 416) {
    const length = response.headers.get('content-length');
    const total = length === null ? undefined : begin + Number(length);
    let done = begin;
    const body = Readable.fromWeb(response.body! as import('node:stream/web').ReadableStream);
    body.on('data', (chunk: Uint8Array) => {
      done += chunk.length;
      progress?.(done, total);
    });
    const out = createWriteStream(part, { flags: begin > 0 ? 'a' : 'w' });
    await pipeline(body, out, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
      throw interrupted(url, part, done, total, cause);
    });
    if (total !== undefined && done < total) throw interrupted(url, part, done, total, undefined);
  }
  await check(part, file, url, checksum);
  await rename(part, file);
  return true;
}

async function ask(url: string, from: number, signal: AbortSignal | undefined): Promise<Response> {
  const response = await fetch(url, {
    headers: from > 0 ? { range: `bytes=${from}-` } : {},
    ...(signal === undefined ? {} : { signal }),
  }).catch((cause: unknown) => {
    const inner =
      cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new MaNetError('not-found', `The server cannot be reached: ${inner}.`, {
      where: url,
      hint: 'look at the connection and start again; what is here already is kept.',
      cause,
    });
  });
  const usable =
    response.status === 200 || (from > 0 && (response.status === 206 || response.status === 416));
  if (usable) return response;
  await response.body?.cancel();
  throw new MaNetError('not-found', `The server answers ${response.status} ${response.statusText}.`, {
    where: url,
    hint: 'try again later, or download the file with a browser and put it there yourself.',
  });
}

async function check(
  path: string,
  file: string,
  url: string,
  { algorithm, hex }: Download['checksum'],
): Promise<void> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if (found === hex) return;
  if (path !== file) await rm(path, { force: true });
  throw new MaNetError(
    'bad-data',
    `The file is not what was promised: its ${algorithm} is ${found}, expected ${hex}.`,
    {
      where: path === file ? file : url,
      hint: path === file ? 'move the file away and start again.' : 'it was removed; start again.',
    },
  );
}

function interrupted(
  url: string,
  part: string,
  done: number,
  total: number | undefined,
  cause: unknown,
): MaNetError {
  const of = total === undefined ? '' : ` of ${total}`;
  return new MaNetError('interrupted', `The download stopped after ${done}${of} bytes.`, {
    where: url,
    hint: `start it again: it goes on from ${part}.`,
    cause,
  });
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
