// What `eval` and `export` take: a run directory, or the file of an exported network.

import { statSync } from 'node:fs';
import { MaNetError } from '@ma-net/core';

/** Whether `path` is a run directory; a file is an exported network. Throws `not-found`. */
export function isRun(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return found.isDirectory();
  throw new MaNetError('not-found', 'There is no such run and no such file.', {
    where: path,
    hint: 'pass a directory that "manet train" made, or a file that "manet prune" or "manet export" wrote.',
  });
}
