// Safetensors files, damaged at three depths: their bytes, their header, and what they say, written as we write.

import { decodeSafetensors, encodeSafetensors, type HostTensor, named, type Rng } from '@ma-net/core';
import { damaged, forged, oneOf, otherName } from './mutate.ts';

export function damagedSafetensors(bytes: Uint8Array, rng: Rng): Uint8Array {
  const depth = rng.integer(3);
  if (depth === 0) return damaged(bytes, rng);
  return depth === 1 ? withHeader(bytes, rng) : rewritten(bytes, rng);
}

/** Another header, of the right length. */
function withHeader(bytes: Uint8Array, rng: Rng): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const json = new TextEncoder().encode(forged(new TextDecoder().decode(bytes.subarray(8, 8 + length)), rng));
  const result = new Uint8Array(8 + json.length + bytes.length - 8 - length);
  new DataView(result.buffer).setBigUint64(0, BigInt(json.length), true);
  result.set(json, 8);
  result.set(bytes.subarray(8 + length), 8 + json.length);
  return result;
}

/** The work of somebody who knows the format: a whole file with the right digests, that says something else. */
function rewritten(bytes: Uint8Array, rng: Rng): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const entries = Object.entries(tensors);
  const at = rng.integer(entries.length);
  const [name, tensor] = entries[at]!;
  const changes: (() => void)[] = [
    () => (entries[at] = [otherName(name, rng), tensor]),
    () => void entries.splice(at, 1),
    () => (entries[at] = [name, { ...tensor, shape: [tensor.data.length] }]),
    () => (entries[at] = [name, { shape: [0], dtype: 'float32', data: new Float32Array() }]),
    () => (entries[at] = [name, retyped(tensor)]),
    () => void entries.push([otherName(name, rng), tensor]),
  ];
  const others = Object.entries(metadata);
  const key = others.length === 0 ? undefined : rng.integer(others.length);
  if (key !== undefined) {
    const [field, value] = others[key]!;
    changes.push(
      () => (others[key] = [field, forged(value, rng)]),
      () => (others[key] = [otherName(field, rng), value]),
      () => void others.splice(key, 1),
    );
  }
  oneOf(changes, rng)();
  return encodeSafetensors(named(entries), named(others));
}

/** Whole numbers in place of others, and the other way round: the same bits. */
function retyped({ shape, dtype, data }: HostTensor): HostTensor {
  const { buffer, byteOffset, length } = data;
  return dtype === 'int32'
    ? { shape, dtype: 'float32', data: new Float32Array(buffer, byteOffset, length) }
    : { shape, dtype: 'int32', data: new Int32Array(buffer, byteOffset, length) };
}
