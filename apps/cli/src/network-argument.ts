// What `eval` and `export` take: a run directory, or the file of an exported network.

import { existsSync, type Stats, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';

/**
 * Whether `path` is a run directory; a file is an exported network. Throws `not-found`, and `bad-argument` for what
 * "manet export" wrote for other programs, and for what is neither a file nor a directory.
 */
export function isRun(path: string): boolean {
  const found = stat(path);
  if (found?.isDirectory() || found?.isFile()) {
    refuseGraphs(path);
    return found.isDirectory();
  }
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

/** Graphs are run by other programs: what is measured, pruned and exported again is the run, or its safetensors. */
function refuseGraphs(path: string): void {
  const format = path.endsWith('.onnx') ? 'onnx' : isGraphModel(path) ? 'tfjs' : undefined;
  if (format === undefined) return;
  throw new MaNetError(
    'bad-argument',
    `This is a graph for other programs (${format}), not a run or its weights.`,
    {
      where: path,
      hint: `pass the run, or its safetensors file; "manet export <run> --format ${format} --verify" compares the graph with the run on every test image.`,
    },
  );
}

/** The folder of a graph model, or the file in it. */
function isGraphModel(path: string): boolean {
  return (
    basename(path) === 'model.json' ||
    (existsSync(join(path, 'model.json')) && !existsSync(join(path, 'recipe.json')))
  );
}
