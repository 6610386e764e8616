// What `--out` may name: nothing yet, or what this command wrote before. Files of others are theirs.

import {
  closeSync,
  constants,
  accessSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import type { FormatName } from '@ma-net/export/node';
import { isOwnName } from '@ma-net/run/node';

/**
 * Refuses a path that a network in `format`, or its PyTorch model, must not be written to: below what is no folder, a link, a device, a
 * folder of other things, a run's own file, and, unless `force` is given, any file that was not written by `manet
 * prune` or `manet export`. Throws `bad-argument`, `not-found` or `no-access`.
 */
export function refuseOut(
  path: string,
  format: FormatName | 'python',
  { force }: { readonly force: boolean },
): void {
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
  const asFolder = format === 'tfjs';
  if (there.isSymbolicLink())
    refuse(path, 'This is a link to something else.', 'name what it leads to, or another file.');
  if (there.isDirectory()) {
    if (!asFolder) refuse(path, 'This is a folder; the network is one file.', 'name a file in it.');
    if (readdirSync(path).length > 0 && !isGraphModel(path))
      refuse(
        path,
        'This folder holds other things than a tfjs model.',
        'name a new folder, in it or elsewhere.',
      );
    return;
  }
  if (!there.isFile()) refuse(path, 'This is a device, a pipe or a socket.', 'name a file on a disk.');
  if (asFolder) refuse(path, 'This is a file; a tfjs model is a folder.', 'choose another name.');
  if (force || WRITTEN[format](path)) return;
  refuse(
    path,
    'This file was not written by "manet prune" or "manet export", and would be replaced.',
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

/** Whether a file is an exported network of a format, or the model beside one, by how it begins. */
const WRITTEN: Readonly<Record<FormatName | 'python', (path: string) => boolean>> = {
  // After eight bytes a JSON header, whose metadata come first.
  safetensors: (path) => beginning(path, 1_000_000).includes('"ma-net.network":"'),
  // Field 1 is the version of the format, field 2 the producer.
  onnx: (path) => beginning(path, 32).includes('\x12\x06ma-net'),
  tfjs: isGraphModel,
  python: (path) => beginning(path, 32).includes('# Written by MA-Net:'),
};

function isGraphModel(folder: string): boolean {
  try {
    const { generatedBy } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
      readonly generatedBy?: unknown;
    };
    return String(generatedBy).startsWith('MA-Net ');
  } catch {
    return false;
  }
}

function beginning(path: string, bytes: number): Buffer {
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(bytes);
      return buffer.subarray(0, readSync(file, buffer, 0, bytes, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
