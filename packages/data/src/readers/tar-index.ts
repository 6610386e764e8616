// Where the files of a tar archive are. A library unpacks archives, but none says offsets, which are what reading by
// index needs: headers are read, and what lies between them is stepped over (POSIX.1-2001, and GNU's long names).

import type { FileHandle } from 'node:fs/promises';
import { MaNetError } from '@ma-net/core';

export interface TarMember {
  readonly name: string;
  /** Of its first byte in the archive. */
  readonly offset: number;
  readonly size: number;
}

const BLOCK = 512;
const text = new TextDecoder();

/** Files of an archive in its order; `bad-data`, with the offset, where it is damaged or cut off. */
export async function* tarMembers(handle: FileHandle, where: string): AsyncGenerator<TarMember, void> {
  const { size: length } = await handle.stat();
  const read = async (position: number, size: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(size);
    const { bytesRead } = await handle.read(bytes, 0, size, position);
    if (bytesRead < size)
      throw damaged(where, position, `the file ends there, ${size - bytesRead} bytes too early`);
    return bytes;
  };
  let longName: string | undefined;
  for (let position = 0; position < length; ) {
    const header = await read(position, BLOCK);
    if (header.every((byte) => byte === 0)) return;
    if (!checks(header)) throw damaged(where, position, 'no header of a tar archive is there');
    const size = number(header.subarray(124, 136));
    const type = String.fromCharCode(header[156]!);
    const offset = position + BLOCK;
    if (offset + size > length) throw damaged(where, position, 'the last file is cut off');
    position = offset + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'L') longName = string(await read(offset, size));
    else if (type === 'x') longName = paxPath(text.decode(await read(offset, size))) ?? longName;
    else {
      if (type === '0' || type === '\0') yield { name: longName ?? nameOf(header), offset, size };
      longName = undefined;
    }
  }
}

function nameOf(header: Uint8Array): string {
  const prefix = string(header.subarray(257, 262)) === 'ustar' ? string(header.subarray(345, 500)) : '';
  const name = string(header.subarray(0, 100));
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** The record "17 path=a/b.jpg\n". */
const paxPath = (records: string): string | undefined => /(?:^|\n)\d+ path=([^\n]*)\n/.exec(records)?.[1];

function string(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return text.decode(end === -1 ? bytes : bytes.subarray(0, end));
}

/** Octal digits, or big-endian bytes where the first bit is set. */
function number(field: Uint8Array): number {
  if ((field[0]! & 0x80) === 0) return Number.parseInt(string(field).trim() || '0', 8);
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

/** The sum of the header's bytes, its own field counted as spaces. */
function checks(header: Uint8Array): boolean {
  const own = header.subarray(148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0) - own.reduce((a, b) => a + b, 0) + 8 * 32;
  return number(own) === sum;
}

function damaged(where: string, position: number, problem: string): MaNetError {
  return new MaNetError('bad-data', `The archive is damaged: ${problem}.`, {
    where: `${where}, byte offset ${position}`,
    hint: 'copy the file again.',
  });
}
