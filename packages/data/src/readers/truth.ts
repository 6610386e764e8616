import { readFile } from 'node:fs/promises';
import { MaNetError } from '@ma-net/core';
import { some } from './photo-sets.ts';

/**
 * Classes of `files` from a list: lines of a file's name and its class, which is a name of `classNames` or an index
 * into them; or ImageNet's LOC_val_solution.csv. `bad-data` names the line that does not fit, and a file without one.
 */
export async function readTruth(
  list: string,
  files: readonly string[],
  classNames: readonly string[],
): Promise<Int32Array> {
  const text = await readFile(list, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new MaNetError('not-found', `The list of classes cannot be read (${cause.code}).`, {
      where: list,
      hint: 'give the path of val.txt or LOC_val_solution.csv.',
      cause,
    });
  });
  const index = new Map(classNames.map((name, i) => [name, i]));
  const classes = new Map<string, number>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('ImageId,')) continue;
    const [file, name] = line.trim().split(/[\s,]+/);
    const label = name === undefined ? undefined : labelOf(name, index, classNames.length);
    if (label === undefined) {
      throw new MaNetError('bad-data', `Found "${line.trim()}"; expected a file's name and its class.`, {
        where: `${list}, line ${i + 1}`,
        hint:
          name === undefined
            ? 'a bare column of numbers is in the order of the development kit, which is not that of the folders; use val.txt or LOC_val_solution.csv.'
            : `a class is one of ${some(classNames, 4)} or a number from 0 to ${classNames.length - 1}.`,
      });
    }
    classes.set(stem(file!), label);
  }
  return Int32Array.from(files, (file) => {
    const label = classes.get(stem(file));
    if (label !== undefined) return label;
    throw new MaNetError('bad-data', `The list has no class for "${file}".`, {
      where: list,
      hint: 'use the list that belongs to these images.',
    });
  });
}

function labelOf(name: string, index: ReadonlyMap<string, number>, classes: number): number | undefined {
  const known = index.get(name);
  if (known !== undefined) return known;
  return /^\d+$/.test(name) && Number(name) < classes ? Number(name) : undefined;
}

const stem = (file: string): string => file.replace(/\.[^.]*$/, '');
