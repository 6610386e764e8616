// What `--out` may name: nothing yet, or what this command wrote before. Files of others are theirs.

import { constants, accessSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import type { Written } from '@ma-net/export/node';
import { isOwnName } from '@ma-net/run/node';

/**
 * Refuses a path that a network in `format`, its PyTorch model, or a picture must not be written to: below what is no folder, a
 * link, a device, a folder of other things, a run's own file, and, unless `force` is given, any file that was not
 * written by `manet prune` or `manet export`. Throws `bad-argument`, `not-found` or `no-access`.
 */
export function refuseOut(path: string, format: Written, { force }: { readonly force: boolean }): void {
  const folder = dirname(path);
  if (!found(folder)?.isDirectory() && !isLinkToFolder(folder)) {
    const there = found(folder) !== undefined;
    throw new MaNetError(
      there ? 'bad-argument' : 'not-found',
      there ? 'Nothing can be written below a file.' : 'The folder of the file to be written does not exist.',
      { where: path, hint: there ? 'name a file in a folder.' : `make ${folder}, or choose another place.` },
    );
  }
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw fileError(error, folder);
  }
  if (isOwnName(basename(path)) && ['recipe.json', 'run.json'].some((name) => found(join(folder, name)))) {
    refuse(
      path,
      'This is a file of the run itself; a network would destroy the run.',
      'choose another name.',
    );
  }
  const there = found(path);
  if (there === undefined) return;
  const asFolder = format.folder === true;
  if (there.isSymbolicLink())
    refuse(path, 'This is a link to something else.', 'name what it leads to, or another file.');
  if (there.isDirectory()) {
    if (!asFolder) refuse(path, 'This is a folder; the network is one file.', 'name a file in it.');
    if (readdirSync(path).length > 0 && !format.wrote(path))
      refuse(
        path,
        'This folder holds other things than a network of this format.',
        'name a new folder, in it or elsewhere.',
      );
    return;
  }
  if (!there.isFile()) refuse(path, 'This is a device, a pipe or a socket.', 'name a file on a disk.');
  if (asFolder) refuse(path, 'This is a file; a network of this format is a folder.', 'choose another name.');
  if (force || format.wrote(path)) return;
  refuse(
    path,
    'This file was not written by manet, and would be replaced.',
    'choose another name with --out, or replace it with --force.',
  );
}

function refuse(where: string, message: string, hint: string): never {
  throw new MaNetError('bad-argument', message, { where, hint });
}

/** What is at a path itself, links not followed; undefined if nothing is. */
function found(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, path);
  }
}

function isLinkToFolder(path: string): boolean {
  try {
    readdirSync(path);
    return found(path)?.isSymbolicLink() === true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw fileError(error, path);
  }
}
