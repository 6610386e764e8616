// Files that are whole or not there. Node only: import it as '@ma-net/core/node'.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { copyFile, type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { allocateBytes } from './allocate.ts';
import { MaNetError } from './errors.ts';
import { fileError } from './file-errors.ts';
import type { HostTensor } from './params.ts';
import { assemble, readTensor, type Safetensors, safetensorsParts } from './safetensors.ts';
import { FIRST_BYTES, headerLength, parseHeader } from './safetensors-header.ts';
import { removeLeftovers, temporaryFor } from './temporary.ts';

/** What a file is written from: text, bytes, or parts that follow each other and need not fit into one array. */
export type Content = string | Uint8Array | readonly Uint8Array[];

/**
 * Writes a file so that after a crash, a kill or a full disk `path` holds either all of the old content or
 * all of the new: a temporary file beside it, flushed, then renamed. What killed processes left of writing
 * `path` is removed. With `keepAs` the old content keeps a whole file of that name, in the same folder. Throws
 * `disk-full`, `not-found` when the folder does not exist, `no-access`, `bad-argument` for a path that cannot be
 * one, or `file-failed`; the temporary file is gone then.
 */
export async function writeFileAtomic(
  path: string,
  content: Content,
  { keepAs }: { readonly keepAs?: string } = {},
): Promise<void> {
  const temporary = temporaryFor(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      for (const piece of piecesOf(content)) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    if (keepAs !== undefined) await keep(path, keepAs);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(error, path);
  }
  await flushFolder(dirname(path));
  await removeLeftovers(path);
}

/** Gives what is at `path`, if anything is, a second name, in place of what had that name; `path` keeps its own. */
async function keep(path: string, name: string): Promise<void> {
  const temporary = temporaryFor(name);
  try {
    // Some file systems (exFAT, some network drives) know no second names.
    await link(path, temporary).catch(() => copyFile(path, temporary));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Two names of one file are not renamed onto each other: the first stays, and goes here.
  await rename(temporary, name).finally(() => rm(temporary, { force: true }));
  await removeLeftovers(name);
}

/** Some systems take at most 2 GiB at a time. */
const PIECE = 2 ** 30;

function* piecesOf(content: Content): Iterable<string | Uint8Array> {
  if (typeof content === 'string') yield content;
  else
    for (const part of content instanceof Uint8Array ? [content] : content)
      for (let at = 0; at < part.length; at += PIECE) yield part.subarray(at, at + PIECE);
}

/**
 * Reads a safetensors file of any size, tensor by tensor; those that carry digests are checked. Throws `not-found`,
 * `bad-file`, and `out-of-memory` with the size that was asked for.
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  try {
    const file = await open(path, 'r');
    try {
      return await readFrom(file, path);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

async function readFrom(file: FileHandle, path: string): Promise<Safetensors> {
  const { size } = await file.stat();
  const first = await readBytes(file, 0, Math.min(FIRST_BYTES, size), path);
  const start = 8 + headerLength(first, size, path);
  const header = parseHeader(await readBytes(file, 8, start - 8, path), size - start, path);
  const tensors: HostTensor[] = [];
  for (const tensor of header.tensors) {
    const bytes = await readBytes(file, start + tensor.begin, tensor.end - tensor.begin, path);
    tensors.push(readTensor(header, tensor, bytes, path));
  }
  return assemble(header, tensors);
}

async function readBytes(file: FileHandle, from: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = allocateBytes(length, path);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(PIECE, length - at), from + at);
    if (bytesRead === 0) throw cutShort(from + at, path);
    at += bytesRead;
  }
  return bytes;
}

/** The bytes of a file of any size, `piece` at a time. Throws `not-found`, `bad-file`, `out-of-memory`, or what the system says. */
export function readWholeSync(path: string, piece = PIECE): Uint8Array {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const bytes = allocateBytes(size, path);
      for (let at = 0; at < size; ) {
        const read = readSync(file, bytes, at, Math.min(piece, size - at), at);
        if (read === 0) throw cutShort(at, path);
        at += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

function cutShort(at: number, path: string): MaNetError {
  return new MaNetError('bad-file', `The file ends at byte ${at}: it became shorter while it was read.`, {
    where: path,
    hint: 'read it again when nobody writes it.',
  });
}

/** Writes a safetensors file of any size atomically, from the tensors' own memory. Throws what `writeFileAtomic` throws. */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, safetensorsParts(tensors, metadata));
}

/** A renamed file survives a power cut only once its folder is on the disk; some systems cannot do that. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows opens no folders. The file itself is flushed and renamed.
  }
}
