// What `eval` and `export` take: a run directory, or the file of an exported network.

import { type Stats, statSync } from 'node:fs';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';

/** Whether `path` is a run directory; a file is an exported network. Throws `not-found` or `bad-argument`. */
export function isRun(path: string): boolean {
  const found = stat(path);
  if (found?.isDirectory() || found?.isFile()) return found.isDirectory();
  if (found !== undefined) {
    // Reading it might never end.
    throw new MaNetError('bad-argument', 'This is a device, a pipe or a socket.', {
      where: path,
      hint: 'pass a run directory, or a file on a disk.',
    });
  }
  throw new MaNetError('not-found', 'There is no such run and no such file.', {
    where: path,
    hint: 'pass a directory that "manet train" made, or a file that "manet prune" or "manet export" wrote.',
  });
}

function stat(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, path);
  }
}
