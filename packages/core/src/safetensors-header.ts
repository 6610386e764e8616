// The header of a safetensors file: eight bytes of length (little-endian), then JSON.
// https://github.com/huggingface/safetensors#format
//
// A file may come from anywhere, so nothing in the header is believed before it is checked.

import { MaNetError } from './errors.ts';
import { excerpt } from './excerpt.ts';
import { kindOfFile } from './foreign-file.ts';
import { named } from './named.ts';
import { printable } from './printable.ts';
import { checkedDigests, type Digests } from './safetensors-digest.ts';
import { isStoredType, STORED_TYPES, type StoredType, widthOf } from './safetensors-numbers.ts';

/** Where a tensor lies: bytes `begin` to `end` of the numbers. */
export interface StoredTensor {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the header. They cover all bytes of the numbers, each byte once. */
  readonly tensors: readonly StoredTensor[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Of files that have digests; those of the metadata have been checked. */
  readonly digests: Digests | undefined;
}

/** The reference implementation refuses longer headers, and so do we. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Bytes of a file that `headerLength` wants to see: the length, and enough to tell what else it may be. */
export const FIRST_BYTES = 512;

/** The number of bytes of the header of a file of `fileBytes` that starts with `first`. Throws `bad-file`. */
export function headerLength(first: Uint8Array, fileBytes: number, where: string): number {
  const kind = kindOfFile(first);
  if (kind !== undefined)
    throw new MaNetError('bad-file', `This is not a safetensors file. It looks like ${kind}.`, {
      where,
      hint: 'only safetensors files are read; PyTorch writes them with safetensors.torch.save_file.',
    });
  if (fileBytes < 8) refuse(`A safetensors file has at least 8 bytes, this one ${fileBytes}.`, where);
  const claimed = new DataView(first.buffer, first.byteOffset, first.byteLength).getBigUint64(0, true);
  const room = fileBytes - 8;
  if (claimed > BigInt(Math.min(room, MAX_HEADER_BYTES)))
    refuse(
      claimed > BigInt(MAX_HEADER_BYTES)
        ? 'This is not a safetensors file: it does not start with the length of a header.'
        : `The header claims ${claimed} bytes, but at most ${room} are possible here.`,
      where,
    );
  return Number(claimed);
}

/** Reads the JSON of a header over `dataBytes` bytes of numbers. Throws `bad-file`. */
export function parseHeader(json: Uint8Array, dataBytes: number, where: string): SafetensorsHeader {
  const header = parseJson(json, where);
  const given = header['__metadata__'] ?? {};
  if (!isObject(given) || Object.values(given).some((value) => typeof value !== 'string'))
    return refuse('The metadata is not an object of strings.', where);
  const metadata = named(Object.entries(given as Record<string, string>));
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => checkEntry(name, value, dataBytes, where));
  checkCoverage(tensors, dataBytes, where);
  const names = tensors.map(({ name }) => name);
  return { tensors, metadata, digests: checkedDigests(metadata, names, where) };
}

function parseJson(json: Uint8Array, where: string): Record<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    const header: unknown = JSON.parse(text);
    if (!isObject(header)) return refuse('The header is not a JSON object.', where);
    const twice = duplicateKey(text);
    if (twice !== undefined) return refuse(`The header holds the name ${excerpt(twice)} twice.`, where);
    return header;
  } catch (error) {
    if (error instanceof MaNetError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return refuse(`The header is not JSON: ${printable(reason, 200)}`, where);
  }
}

/** The first key that an object of this valid JSON text holds twice; JSON.parse would keep the last. */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  const marks = /["{}]/g;
  for (let mark = marks.exec(json); mark !== null; mark = marks.exec(json)) {
    if (mark[0] === '{') open.push(new Set());
    else if (mark[0] === '}') open.pop();
    else {
      const end = endOfString(json, mark.index);
      marks.lastIndex = end;
      let next = end;
      while (/\s/.test(json.charAt(next))) next++;
      if (json[next] !== ':') continue;
      const key = JSON.parse(json.slice(mark.index, end)) as string;
      if (open.at(-1)!.has(key)) return key;
      open.at(-1)!.add(key);
    }
  }
  return undefined;
}

/** The index after the string that starts at `start`: after the first quote with an even number of \ before it. */
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    let first = quote;
    while (json[first - 1] === '\\') first--;
    if ((quote - first) % 2 === 0) return quote + 1;
  }
}

function checkEntry(name: string, value: unknown, dataBytes: number, where: string): StoredTensor {
  const label = excerpt(name);
  if (!isObject(value)) return refuse(`The entry of ${label} is not an object.`, where);
  const { dtype: type, shape, data_offsets: offsets } = value;
  if (!isStoredType(type))
    return refuse(`${label} has the type ${excerpt(type)}; known: ${STORED_TYPES.join(', ')}.`, where);
  if (!isCounts(shape)) return refuse(`${label} has the shape ${excerpt(shape)}.`, where);
  if (!isCounts(offsets) || offsets.length !== 2)
    return refuse(`${label} has the offsets ${excerpt(offsets)}.`, where);
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes)
    return refuse(
      `${label} lies at bytes ${begin} to ${end}, but the file holds ${dataBytes} bytes of numbers.`,
      where,
    );
  const needed = shape.reduce((a, b) => a * b, 1) * widthOf(type);
  if (end - begin !== needed)
    return refuse(
      `${label} of type ${type} and shape ${excerpt(shape)} needs ${needed} bytes, not ${end - begin}.`,
      where,
    );
  return { name, type, shape, begin, end };
}

/** Every byte belongs to exactly one tensor, so nothing hides in a file and nothing is read twice. */
function checkCoverage(tensors: readonly StoredTensor[], dataBytes: number, where: string): void {
  let covered = 0;
  for (const { name, begin, end } of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered)
      refuse(`${excerpt(name)} starts at byte ${begin} and overlaps the tensor before it.`, where);
    if (begin > covered) refuse(`Bytes ${covered} to ${begin} belong to no tensor.`, where);
    covered = end;
  }
  if (covered < dataBytes) refuse(`Bytes ${covered} to ${dataBytes} belong to no tensor.`, where);
}

function refuse(message: string, where: string): never {
  throw new MaNetError('bad-file', message, {
    where,
    hint: 'the file is damaged or not safetensors: fetch or write it again.',
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}
