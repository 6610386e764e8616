// Safetensors files in memory: a header that says where each tensor lies, then the numbers.

import { allocateBytes } from './allocate.ts';
import { MaNetError } from './errors.ts';
import { excerpt } from './excerpt.ts';
import { named } from './named.ts';
import type { HostTensor } from './params.ts';
import { checkDigest, DIGESTS, writeDigests } from './safetensors-digest.ts';
import {
  FIRST_BYTES,
  headerLength,
  MAX_HEADER_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type StoredTensor,
} from './safetensors-header.ts';
import { toHostTensor } from './safetensors-numbers.ts';

/** What a file holds. The records inherit nothing: any name is only a name. */
export interface Safetensors {
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** Without the digests. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether the file carries digests, so that it is known to be as it was written. */
  readonly verified: boolean;
}

/**
 * A safetensors file in parts, to be written one after the other: the header with the digests of all tensors, then
 * the numbers, which are views of the tensors' own. The numbers start at a multiple of eight bytes. Throws
 * `bad-argument`.
 */
export function safetensorsParts(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): readonly Uint8Array[] {
  let end = 0;
  const stored = Object.entries(tensors).map(([name, tensor]) => {
    const { shape, dtype, data } = checkedTensor(name, tensor);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const begin = end;
    end += bytes.length;
    return { name, type: dtype === 'int32' ? 'I32' : 'F32', shape, begin, end, bytes } as const;
  });
  const digests = writeDigests(stored, metadata);
  const entries = [
    ['__metadata__', { ...metadata, [DIGESTS]: digests }] as const,
    ...stored.map(
      (s) => [s.name, { dtype: s.type, shape: s.shape, data_offsets: [s.begin, s.end] }] as const,
    ),
  ];
  return [headerOf(entries), ...stored.map(({ bytes }) => bytes)];
}

/** The bytes of a safetensors file. Throws `bad-argument`, or `out-of-memory` where one array cannot hold it. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const parts = safetensorsParts(tensors, metadata);
  const bytes = allocateBytes(
    parts.reduce((sum, part) => sum + part.length, 0),
    'a safetensors file in memory',
  );
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Reads a safetensors file that lies in memory. F32 and I32 at aligned offsets are views of `bytes`, all
 * others are converted: floats to float32; integers and booleans to int32, refused where they do not fit.
 * Where the file carries digests, every tensor is checked. `where` names the file in errors. Throws `bad-file`.
 */
export function decodeSafetensors(bytes: Uint8Array, where = 'a safetensors file'): Safetensors {
  const start = 8 + headerLength(bytes.subarray(0, FIRST_BYTES), bytes.length, where);
  const header = parseHeader(bytes.subarray(8, start), bytes.length - start, where);
  return assemble(
    header,
    header.tensors.map((tensor) =>
      readTensor(header, tensor, bytes.subarray(start + tensor.begin, start + tensor.end), where),
    ),
  );
}

/** A tensor from its bytes, checked where there are digests. Throws `bad-file`. */
export function readTensor(
  { digests }: SafetensorsHeader,
  tensor: StoredTensor,
  bytes: Uint8Array,
  where: string,
): HostTensor {
  if (digests !== undefined) checkDigest(digests, tensor, bytes, where);
  return toHostTensor(tensor, bytes, where);
}

/** What a file holds, from its header and the tensors that it lists, in its order. */
export function assemble(
  { tensors, metadata, digests }: SafetensorsHeader,
  read: readonly HostTensor[],
): Safetensors {
  return {
    tensors: named(tensors.map(({ name }, i) => [name, read[i]!])),
    metadata: named(Object.entries(metadata).filter(([key]) => key !== DIGESTS)),
    verified: digests !== undefined,
  };
}

function checkedTensor(name: string, tensor: HostTensor): HostTensor {
  const { shape, dtype, data } = tensor;
  const size = shape.reduce((a, b) => a * b, 1);
  const fits = dtype === 'int32' ? data instanceof Int32Array : data instanceof Float32Array;
  if (name !== '__metadata__' && data.length === size && fits) return tensor;
  throw new MaNetError(
    'bad-argument',
    `The tensor ${excerpt(name)} of shape [${shape.join(', ')}] and type ${dtype} with ${data.length} numbers cannot be written.`,
    { hint: `give it ${size} numbers in an array of its type, and a name other than "__metadata__".` },
  );
}

/** Length and JSON, padded with spaces. A tensor called `__proto__` is a name like any other: no object is built. */
function headerOf(entries: readonly (readonly [string, unknown])[]): Uint8Array {
  const text = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',');
  const json = new TextEncoder().encode(`{${text}}`);
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MAX_HEADER_BYTES)
    throw new MaNetError(
      'bad-argument',
      `The names and metadata take ${length} bytes; a header has room for ${MAX_HEADER_BYTES}.`,
      {
        hint: 'numbers belong into tensors, not into the metadata.',
      },
    );
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}
