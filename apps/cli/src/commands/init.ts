import { closeSync, lstatSync, openSync, readFileSync, readSync, type Stats, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { fileError, writeFileAtomic } from '@ma-net/core/node';
import { manet } from '../command-name.ts';
import { createScreen } from '../screen.ts';

export interface InitArguments {
  readonly force?: boolean;
}

/** The recipe that is written; it is one of our own sources, so that it is checked as they are. */
const STARTER = join(import.meta.dirname, '../../src/starter-recipe.ts');

/** `manet init`: a recipe to begin with. Throws `bad-argument` for a path that is taken. */
export async function init(path: string, { force = false }: InitArguments): Promise<void> {
  if (!['.ts', '.mts'].includes(extname(path))) {
    throw new MaNetError(
      'bad-argument',
      'The recipe is written in TypeScript, and this names no such file.',
      {
        where: path,
        hint: 'name one that ends in .ts, such as recipe.ts.',
      },
    );
  }
  const content = readFileSync(STARTER, 'utf8');
  const [mark] = content.split('\n', 1);
  const there = found(path);
  if (there !== undefined && !(force && there.isFile() && beginsWith(path, `${mark!}\n`)))
    throw taken(path, force);
  if (there === undefined) writeNew(path, content, force);
  else await writeFileAtomic(path, content);
  const screen = createScreen();
  screen.line(`Wrote ${path}, a recipe that trains as it is; its comments say what else there is.`);
  screen.line(`  next: ${manet()} train --recipe ${path}`);
}

/** Writes what no other process has written meanwhile. */
function writeNew(path: string, content: string, force: boolean): void {
  try {
    writeFileSync(path, content, { flag: 'wx' });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken(path, force) : fileError(error, path);
  }
}

function taken(where: string, force: boolean): MaNetError {
  return new MaNetError(
    'bad-argument',
    force
      ? 'What is there was not written by "manet init".'
      : 'Something is there already; it stays as it is.',
    {
      where,
      hint: force
        ? 'name another file.'
        : 'name another file, or replace a recipe of "manet init" with --force.',
    },
  );
}

/** What is at a path itself, links not followed; undefined if nothing is. */
function found(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError(error, path);
  }
}

function beginsWith(path: string, text: string): boolean {
  const start = Buffer.alloc(Buffer.byteLength(text));
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, start);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileError(error, path);
  }
  return start.toString('utf8') === text;
}
