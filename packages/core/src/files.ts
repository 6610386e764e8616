// Files that are whole or not there. Node only: import it as '@ma-net/core/node'.

import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from './file-errors.ts';
import type { HostTensor } from './params.ts';
import { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts';
import { removeLeftovers, temporaryFor } from './temporary.ts';

/**
 * Writes a file so that after a crash, a kill or a full disk `path` holds either all of the old content or
 * all of the new: a temporary file beside it, flushed, then renamed. What killed processes left of writing
 * `path` is removed. Throws `disk-full`, `not-found` when the folder does not exist, `no-access`,
 * `bad-argument` for a path that cannot be one, or `file-failed`; the temporary file is gone then.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = temporaryFor(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(error, path);
  }
  await flushFolder(dirname(path));
  await removeLeftovers(path);
}

/** Reads a safetensors file. Throws `not-found` and `bad-file`. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(error, path);
  }
  return decodeSafetensors(bytes, path);
}

/** Writes a safetensors file atomically. Throws what `writeFileAtomic` throws. */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
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
