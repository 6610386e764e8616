// The safetensors format: eight bytes of header length (little-endian), a JSON header, then the numbers.
// https://github.com/huggingface/safetensors#format
//
// A file may come from anywhere, so nothing in the header is believed before it is checked.

import { MaNetError } from './errors.ts';
import type { HostTensor } from './params.ts';

export interface Safetensors {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation refuses longer headers, and so do we. */
const MAX_HEADER_BYTES = 100_000_000;

/** The bytes of a safetensors file; the numbers start at a multiple of eight. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) entries.set('__metadata__', metadata);
  let end = 0;
  for (const [name, { shape, dtype, data }] of Object.entries(tensors)) {
    const size = shape.reduce((a, b) => a * b, 1);
    if (name === '__metadata__' || data.length !== size) {
      throw new MaNetError(
        'bad-argument',
        `The tensor "${name}" of shape [${shape.join(', ')}] with ${data.length} numbers cannot be written.`,
        { hint: `give it ${size} numbers, and a name other than "__metadata__".` },
      );
    }
    const begin = end;
    end += data.byteLength;
    entries.set(name, { dtype: dtype === 'int32' ? 'I32' : 'F32', shape, data_offsets: [begin, end] });
  }
  const json = new TextEncoder().encode(toJson(entries));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8 + json.length, 8 + headerBytes);
  bytes.set(json, 8);
  let offset = 8 + headerBytes;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** A tensor called `__proto__` is a name like any other, so the header is not built as an object. */
function toJson(entries: ReadonlyMap<string, unknown>): string {
  return `{${[...entries].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
}

/**
 * Reads a safetensors file that lies in memory. F32 and I32 at aligned offsets are views of `bytes`, all
 * others are converted: floats to float32; integers and booleans to int32, refused where they do not fit.
 * `where` names the file in errors. Throws `bad-file`.
 */
export function decodeSafetensors(bytes: Uint8Array, where = 'a safetensors file'): Safetensors {
  const fail = (message: string): never => {
    throw new MaNetError('bad-file', message, {
      where,
      hint: 'the file is damaged or not safetensors: fetch or write it again.',
    });
  };
  if (bytes.length < 8) fail(`A safetensors file has at least 8 bytes, this one ${bytes.length}.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  const room = Math.min(MAX_HEADER_BYTES, bytes.length - 8);
  if (headerBytes > room)
    fail(`The header claims ${headerBytes} bytes, but at most ${room} are possible here.`);

  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), fail);
  const metadata = header['__metadata__'] ?? {};
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    fail('The metadata is not an object of strings.');

  const start = 8 + headerBytes;
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => checkEntry(name, value, bytes.length - start, fail));
  checkCoverage(entries, bytes.length - start, fail);
  return {
    tensors: Object.fromEntries(
      entries.map((entry) => [entry.name, readTensor(view, start + entry.begin, entry, fail)]),
    ),
    metadata: metadata as Record<string, string>,
  };
}

type Fail = (message: string) => never;

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly size: number;
  readonly begin: number;
  readonly end: number;
}

const READERS = {
  F64: { width: 8, read: (v: DataView, at: number) => v.getFloat64(at, true) },
  F32: { width: 4, read: (v: DataView, at: number) => v.getFloat32(at, true) },
  F16: { width: 2, read: (v: DataView, at: number) => halfToNumber(v.getUint16(at, true)) },
  BF16: { width: 2, read: (v: DataView, at: number) => bfloatToNumber(v.getUint16(at, true)) },
  I64: { width: 8, read: (v: DataView, at: number) => Number(v.getBigInt64(at, true)) },
  U64: { width: 8, read: (v: DataView, at: number) => Number(v.getBigUint64(at, true)) },
  I32: { width: 4, read: (v: DataView, at: number) => v.getInt32(at, true) },
  U32: { width: 4, read: (v: DataView, at: number) => v.getUint32(at, true) },
  I16: { width: 2, read: (v: DataView, at: number) => v.getInt16(at, true) },
  U16: { width: 2, read: (v: DataView, at: number) => v.getUint16(at, true) },
  I8: { width: 1, read: (v: DataView, at: number) => v.getInt8(at) },
  U8: { width: 1, read: (v: DataView, at: number) => v.getUint8(at) },
  BOOL: { width: 1, read: (v: DataView, at: number) => v.getUint8(at) },
} as const;
type Dtype = keyof typeof READERS;

function parseHeader(json: Uint8Array, fail: Fail): Record<string, unknown> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    const header: unknown = JSON.parse(text);
    if (!isObject(header)) return fail('The header is not a JSON object.');
    const twice = duplicateKey(text);
    if (twice !== undefined) return fail(`The header holds the name "${twice}" twice.`);
    return header;
  } catch (error) {
    if (error instanceof MaNetError) throw error;
    return fail(`The header is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The first key that an object of this valid JSON text holds twice; JSON.parse would keep the last. */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, colon] of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string;
      if (open.at(-1)!.has(key)) return key;
      open.at(-1)!.add(key);
    }
  }
  return undefined;
}

function checkEntry(name: string, value: unknown, dataBytes: number, fail: Fail): Entry {
  if (!isObject(value)) return fail(`The entry of "${name}" is not an object.`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(READERS, dtype)) {
    return fail(
      `"${name}" has the type ${JSON.stringify(dtype)}; known: ${Object.keys(READERS).join(', ')}.`,
    );
  }
  if (!isCounts(shape)) return fail(`"${name}" has the shape ${JSON.stringify(shape)}.`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`"${name}" has the offsets ${JSON.stringify(offsets)}.`);
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((a, b) => a * b, 1);
  const { width } = READERS[dtype as Dtype];
  if (begin > end || end > dataBytes)
    return fail(
      `"${name}" lies at bytes ${begin} to ${end}, but the file holds ${dataBytes} bytes of numbers.`,
    );
  if (end - begin !== size * width)
    return fail(
      `"${name}" of type ${dtype} and shape [${shape.join(', ')}] needs ${size * width} bytes, not ${end - begin}.`,
    );
  return { name, dtype: dtype as Dtype, shape, size, begin, end };
}

/** Every byte belongs to exactly one tensor, so nothing hides in a file and nothing is read twice. */
function checkCoverage(entries: readonly Entry[], dataBytes: number, fail: Fail): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) fail(`"${name}" starts at byte ${begin} and overlaps the tensor before it.`);
    if (begin > covered) fail(`Bytes ${covered} to ${begin} belong to no tensor.`);
    covered = end;
  }
  if (covered < dataBytes) fail(`Bytes ${covered} to ${dataBytes} belong to no tensor.`);
}

function readTensor(view: DataView, at: number, { name, dtype, shape, size }: Entry, fail: Fail): HostTensor {
  const floating = dtype === 'F64' || dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
  const offset = view.byteOffset + at;
  if (dtype === 'F32' && offset % 4 === 0)
    return { shape, dtype: 'float32', data: new Float32Array(view.buffer, offset, size) };
  if (dtype === 'I32' && offset % 4 === 0)
    return { shape, dtype: 'int32', data: new Int32Array(view.buffer, offset, size) };
  const { width, read } = READERS[dtype];
  const data = floating ? new Float32Array(size) : new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const value = read(view, at + i * width);
    data[i] = value;
    if (!floating && data[i] !== value) fail(`"${name}" holds ${value}, which does not fit in 32 bits.`);
  }
  return { shape, dtype: floating ? 'float32' : 'int32', data } as HostTensor;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
}
