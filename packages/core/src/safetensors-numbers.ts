// Numbers as safetensors files store them, little-endian, and as arrays of ours.

import { MaNetError } from './errors.ts';
import { excerpt } from './excerpt.ts';
import type { HostTensor } from './params.ts';

interface Reader {
  /** Bytes of one number. */
  readonly width: number;
  readonly floating: boolean;
  readonly read: (view: DataView, at: number) => number;
}

const READERS = {
  F64: { width: 8, floating: true, read: (v, at) => v.getFloat64(at, true) },
  F32: { width: 4, floating: true, read: (v, at) => v.getFloat32(at, true) },
  F16: { width: 2, floating: true, read: (v, at) => halfToNumber(v.getUint16(at, true)) },
  BF16: { width: 2, floating: true, read: (v, at) => bfloatToNumber(v.getUint16(at, true)) },
  I64: { width: 8, floating: false, read: (v, at) => Number(v.getBigInt64(at, true)) },
  U64: { width: 8, floating: false, read: (v, at) => Number(v.getBigUint64(at, true)) },
  I32: { width: 4, floating: false, read: (v, at) => v.getInt32(at, true) },
  U32: { width: 4, floating: false, read: (v, at) => v.getUint32(at, true) },
  I16: { width: 2, floating: false, read: (v, at) => v.getInt16(at, true) },
  U16: { width: 2, floating: false, read: (v, at) => v.getUint16(at, true) },
  I8: { width: 1, floating: false, read: (v, at) => v.getInt8(at) },
  U8: { width: 1, floating: false, read: (v, at) => v.getUint8(at) },
  BOOL: { width: 1, floating: false, read: (v, at) => v.getUint8(at) },
} as const satisfies Record<string, Reader>;

/** How a file stores the numbers of a tensor. */
export type StoredType = keyof typeof READERS;

export const STORED_TYPES = Object.keys(READERS) as StoredType[];

export function isStoredType(name: unknown): name is StoredType {
  return typeof name === 'string' && Object.hasOwn(READERS, name);
}

/** Bytes of one number of a type. */
export function widthOf(type: StoredType): number {
  return READERS[type].width;
}

/**
 * The numbers of a tensor. F32 and I32 at aligned offsets are views of `bytes`; others are converted: floats to
 * float32, integers and booleans to int32. Throws `bad-file` where they do not fit.
 */
export function toHostTensor(
  {
    name,
    type,
    shape,
  }: { readonly name: string; readonly type: StoredType; readonly shape: readonly number[] },
  bytes: Uint8Array,
  where: string,
): HostTensor {
  const { width, floating, read } = READERS[type] as Reader;
  const size = bytes.byteLength / width;
  const { buffer, byteOffset } = bytes;
  if (type === 'F32' && byteOffset % 4 === 0)
    return { shape, dtype: 'float32', data: new Float32Array(buffer, byteOffset, size) };
  if (type === 'I32' && byteOffset % 4 === 0)
    return { shape, dtype: 'int32', data: new Int32Array(buffer, byteOffset, size) };
  const view = new DataView(buffer, byteOffset, bytes.byteLength);
  const data = floating ? new Float32Array(size) : new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const value = read(view, i * width);
    data[i] = value;
    if (!floating && data[i] !== value)
      refuse(`${excerpt(name)} holds ${value}, which does not fit in 32 bits.`, where);
    if (type === 'BOOL' && value > 1) refuse(`${excerpt(name)} holds the truth value ${value}.`, where);
  }
  const own = type === 'F32' || type === 'I32' ? {} : { stored: type };
  return { shape, dtype: floating ? 'float32' : 'int32', data, ...own } as HostTensor;
}

function refuse(message: string, where: string): never {
  throw new MaNetError('bad-file', message, {
    where,
    hint: 'the file is damaged, or holds something else than a network: fetch or write it again.',
  });
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
