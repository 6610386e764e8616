// Plans in files. The masks are one tensor, `ma-net.plan`: one bit per connection, lowest bit first, kernel after kernel
// in the order of the plan, each from a new byte, in words of 32 bits. Half of a ViT-B/16 takes 10.6 MB so; as text in
// the header it would be more than many readers take. A graph has no such tensor, and holds the same bytes in base64.

import { type HostTensor, type KeptConnections, MaNetError, type Masks } from '@ma-net/core';
import { type PrunePlan, pruneRule } from '@ma-net/mnet';
import { z } from 'zod';
import { fromBase64, toBase64 } from './base64.ts';

/** Its name in a file. Other programs load the file with this name left out, or with `strict=False`. */
export const PLAN = 'ma-net.plan';

const count = z.int().min(0);
const kernel = z.object({
  param: z.string(),
  preNeurons: z.int().min(1),
  postNeurons: z.int().min(1),
  area: z.int().min(1),
  keptConnections: count,
  /** In base64; empty where the tensor holds it. */
  mask: z.string(),
});

/** A plan as JSON. */
export const writtenPlan = z.object({
  network: z.string(),
  rule: pruneRule,
  kernels: z.array(kernel),
  removedParams: z.int(),
  totalParams: z.int(),
});

export type WrittenPlan = z.infer<typeof writtenPlan>;

/** A plan as JSON, with its masks as text. */
export function writePlan({ masks, kernels, ...plan }: PrunePlan): WrittenPlan {
  const texts = kernels.map((one) => ({
    ...one,
    mask: toBase64(bitsOf(masks[one.param]!)),
  }));
  return { ...plan, kernels: texts };
}

/** A plan as JSON without its masks, and the tensor that holds them. */
export function packPlan({ masks, kernels, ...plan }: PrunePlan): {
  readonly plan: WrittenPlan;
  readonly tensor: HostTensor;
} {
  const words = Math.ceil(kernels.reduce((sum, one) => sum + bytesOf(one), 0) / 4);
  const bytes = new Uint8Array(words * 4);
  let at = 0;
  for (const one of kernels) {
    bytes.set(bitsOf(masks[one.param]!), at);
    at += bytesOf(one);
  }
  return {
    plan: { ...plan, kernels: kernels.map((one) => ({ ...one, mask: '' })) },
    tensor: { shape: [words], dtype: 'int32', data: new Int32Array(bytes.buffer) },
  };
}

/** The plan with its masks: those of the tensor, or of its own text where there is none. Throws `bad-file`. */
export function readPlan(
  { kernels, ...plan }: WrittenPlan,
  tensor: HostTensor | undefined,
  where: string,
): PrunePlan {
  const bytes = tensor === undefined ? textBytes(kernels, where) : tensorBytes(kernels, tensor, where);
  const masks: Record<string, Uint8Array> = {};
  let at = 0;
  for (const one of kernels) {
    const bits = bytes.subarray(at, (at += bytesOf(one)));
    masks[one.param] = Uint8Array.from({ length: sizeOf(one) }, (_, i) => (bits[i >> 3]! >> (i & 7)) & 1);
  }
  return { ...plan, masks: masks satisfies Masks, kernels: kernels.map(({ mask: _, ...one }) => one) };
}

function textBytes(kernels: WrittenPlan['kernels'], where: string): Uint8Array {
  const masks = kernels.map((one) => {
    const bytes = fromBase64(one.mask);
    if (bytes?.length === bytesOf(one)) return bytes;
    throw damaged(
      `The mask of "${one.param}" is not ${bytesOf(one)} bytes in base64, and no tensor holds it.`,
      where,
    );
  });
  const bytes = new Uint8Array(masks.reduce((sum, mask) => sum + mask.length, 0));
  let at = 0;
  for (const mask of masks) {
    bytes.set(mask, at);
    at += mask.length;
  }
  return bytes;
}

function tensorBytes(
  kernels: WrittenPlan['kernels'],
  { dtype, data }: HostTensor,
  where: string,
): Uint8Array {
  const needed = kernels.reduce((sum, one) => sum + bytesOf(one), 0);
  if (dtype === 'int32' && data.length === Math.ceil(needed / 4))
    return new Uint8Array(data.buffer, data.byteOffset, needed);
  throw damaged(`The plan has masks of ${data.byteLength} bytes, and its kernels need ${needed}.`, where);
}

function damaged(problem: string, where: string): MaNetError {
  return new MaNetError('bad-file', problem, {
    where,
    hint: 'the file was edited or damaged: export the network again.',
  });
}

/** One bit for each entry, lowest bit first. */
function bitsOf(mask: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((alive, i) => {
    if (alive !== 0) bytes[i >> 3]! |= 1 << (i & 7);
  });
  return bytes;
}

type Size = Pick<KeptConnections, 'preNeurons' | 'postNeurons'>;

const sizeOf = ({ preNeurons, postNeurons }: Size): number => preNeurons * postNeurons;
const bytesOf = (one: Size): number => Math.ceil(sizeOf(one) / 8);
