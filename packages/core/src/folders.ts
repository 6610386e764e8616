// Folders that are made when they are needed. Node only.

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MaNetError } from './errors.ts';
import { fileError } from './file-errors.ts';

/**
 * Makes a folder and those above it. Throws `bad-argument` where a part of the path is a file, `no-access`
 * where no folder can be made, as under /proc, and what `fileError` says of the rest.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await isFolder(path))) return; // Somebody else made it meanwhile.
    // Its parent is there, so this is a place where the system keeps what it likes.
    if (code === 'ENOENT') {
      throw new MaNetError('no-access', 'No folder can be made here.', {
        where: path,
        hint: 'choose a place on a disk.',
        cause: error,
      });
    }
    throw fileError(error, path);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileError(error, path);
  }
  throw new MaNetError('bad-argument', 'This is a file; expected a folder, or nothing.', {
    where: path,
    hint: 'choose another place.',
  });
}
