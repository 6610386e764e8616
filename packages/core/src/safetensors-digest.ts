// Digests of what a safetensors file holds, in its metadata under `ma-net.sha256`: a JSON object from the name of each
// tensor to the SHA-256 of its type and shape as in `F32[64,3,7,7]` followed by its bytes, and from `__metadata__`
// to that of all other metadata: the JSON of their [key, value] pairs, in order of the keys. Together they cover
// everything that a reader takes from the file. Other programs ignore them, and files without them are read too.

import { MaNetError } from './errors.ts';
import { excerpt } from './excerpt.ts';
import type { StoredType } from './safetensors-numbers.ts';
import { sha256 } from '#sha256';

export const DIGESTS = 'ma-net.sha256';
const METADATA = '__metadata__';

interface Described {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
}

/** Digests by name of tensor, and of the metadata. */
export type Digests = ReadonlyMap<string, string>;

/** The entry of the metadata for tensors with their bytes, and the other metadata. */
export function writeDigests(
  tensors: Iterable<Described & { readonly bytes: Uint8Array }>,
  metadata: Readonly<Record<string, string>>,
): string {
  const digests = [...tensors].map((tensor) => [tensor.name, digestOf(tensor, tensor.bytes)] as const);
  const all = [...digests, [METADATA, digestOfMetadata(metadata)] as const];
  return `{${all.map(([name, digest]) => `${JSON.stringify(name)}:"${digest}"`).join(',')}}`;
}

/**
 * The digests of a file's header, where it has some: they are of exactly these tensors, and the metadata have theirs.
 * Throws `bad-file` otherwise.
 */
export function checkedDigests(
  metadata: Readonly<Record<string, string>>,
  names: readonly string[],
  where: string,
): Digests | undefined {
  const { [DIGESTS]: text, ...others } = metadata;
  if (text === undefined) return undefined;
  const digests = parse(text, where);
  if (digests.get(METADATA) !== digestOfMetadata(others)) throw damaged('Its metadata are', where);
  for (const name of names)
    if (!digests.has(name))
      throw damaged(`The tensor ${excerpt(name)} is not one that was written: its name is`, where);
  const listed = new Set(names).add(METADATA);
  for (const name of digests.keys())
    if (!listed.has(name)) throw damaged(`The tensor ${excerpt(name)} is missing: the header is`, where);
  return digests;
}

/** Throws `bad-file`, naming the tensor, unless its bytes are those that were written. */
export function checkDigest(digests: Digests, tensor: Described, bytes: Uint8Array, where: string): void {
  if (digests.get(tensor.name) === digestOf(tensor, bytes)) return;
  throw damaged(`The tensor ${excerpt(tensor.name)} is`, where);
}

function digestOf({ type, shape }: Described, bytes: Uint8Array): string {
  return sha256([utf8(`${type}[${shape.join(',')}]`), bytes]);
}

function digestOfMetadata(metadata: Readonly<Record<string, string>>): string {
  const entries = Object.entries(metadata).filter(([key]) => key !== DIGESTS);
  return sha256([utf8(JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))]);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function parse(text: string, where: string): Map<string, string> {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch {
    throw damaged('The list of its digests is', where);
  }
}

function damaged(what: string, where: string): MaNetError {
  return new MaNetError('bad-file', `The file is damaged. ${what} not as written.`, {
    where,
    hint: 'fetch or write it again; of a run, the checkpoint before the last may be whole.',
  });
}
