// Elements of the lists of a JSON file, one at a time: an annotation file of COCO is larger than what one string may
// hold. Only brackets and quotes are looked at here; each element is parsed as JSON by whoever wants it.

import { createReadStream } from 'node:fs';
import { MaNetError } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';

/** Where an element stands in its file, in bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

export type Visit = (list: string, element: unknown, place: Place) => void;

const [QUOTE, BACKSLASH, OPEN, CLOSE, LIST, END, COMMA] = Buffer.from('"\\{}[],');
const SPACES: ReadonlySet<number> = new Set(Buffer.from(' \t\r\n'));

/**
 * Calls `visit` for every element of every list that the object in the file at `path` has under a name of `lists`, in
 * the order of the file. Holds no more than one element and a piece of the file, `pieceSize` bytes. Throws `not-found` and `file-failed`,
 * and `bad-file` for what is not an object, is cut off, or has an element that is not JSON.
 */
export async function scanLists(
  path: string,
  lists: readonly string[],
  visit: Visit,
  pieceSize = 1 << 20,
): Promise<void> {
  const scanner = createScanner(path, new Set(lists), visit);
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: pieceSize }))
      scanner.read(chunk as Buffer);
  } catch (error) {
    throw error instanceof MaNetError ? error : fileError(error, path);
  }
  scanner.end();
}

interface Scanner {
  read(chunk: Buffer): void;
  end(): void;
}

function createScanner(path: string, lists: ReadonlySet<string>, visit: Visit): Scanner {
  /** Bytes before the present chunk. */
  let before = 0;
  /** Open brackets: 1 in the object, 2 in a list of it, 3 in an element. */
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** The name that was read last in the object, and the one whose list is open. */
  let name = '';
  let list: string | undefined;
  /** Pieces of what is being kept from earlier chunks; undefined where nothing is. */
  let kept: Buffer[] | undefined;
  let from = 0;
  let done = false;

  const keep = (at: number): void => {
    kept = [];
    from = at;
  };
  const take = (chunk: Buffer, end: number): Buffer => {
    const bytes = Buffer.concat([...kept!, chunk.subarray(Math.max(0, from - before), end)]);
    kept = undefined;
    return bytes;
  };
  const emit = (chunk: Buffer, end: number): void => {
    const bytes = take(chunk, end);
    if (bytes.every((byte) => SPACES.has(byte))) return;
    visit(list!, parse(bytes, path, from), { offset: from, length: bytes.length });
  };

  return {
    read(chunk) {
      let at = 0;
      if (before === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) at = 3;
      for (; at < chunk.length; at++) {
        const byte = chunk[at]!;
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) {
            inString = false;
            if (depth === 1) name = String(parse(take(chunk, at + 1), path, from));
          }
        } else if (byte === QUOTE) {
          inString = true;
          if (depth === 1) keep(before + at);
        } else if (byte === OPEN || byte === LIST) {
          if (done || (depth === 0 && byte !== OPEN)) throw notAnObject(path);
          depth++;
          if (depth === 2 && byte === LIST && lists.has(name)) {
            list = name;
            keep(before + at + 1);
          }
        } else if (byte === CLOSE || byte === END) {
          if (depth === 2 && list !== undefined) {
            emit(chunk, at);
            list = undefined;
          }
          depth--;
          if (depth === 0) done = true;
          if (depth < 0) throw notAnObject(path);
        } else if (byte === COMMA && depth === 2 && list !== undefined) {
          emit(chunk, at);
          keep(before + at + 1);
        } else if (depth === 0 && !SPACES.has(byte)) throw notAnObject(path);
      }
      kept?.push(Buffer.from(chunk.subarray(Math.max(0, from - before))));
      before += chunk.length;
    },
    end() {
      if (done) return;
      throw new MaNetError('bad-file', `The file ends in the middle, after ${before} bytes.`, {
        where: path,
        hint: 'copy or download it again.',
      });
    },
  };
}

function parse(bytes: Buffer, path: string, offset: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new MaNetError('bad-file', `What stands at byte ${offset} is not JSON.`, {
      where: path,
      hint: 'copy or download the file again; annotations are JSON, in UTF-8.',
    });
  }
}

function notAnObject(path: string): MaNetError {
  return new MaNetError('bad-file', 'This is not a file of annotations: it does not hold one JSON object.', {
    where: path,
    hint: 'pass an instances_*.json in the layout of COCO.',
  });
}
