// The masks of a plan as one tensor of the file, `ma-net.plan`: one bit per connection, lowest bit first, kernel after
// kernel in the order of the plan, each from a new byte, in words of 32 bits. Half of a ViT-B/16 takes 10.6 MB so; as
// text in the header it would be more than many readers take.

import { type HostTensor, MaNetError } from '@ma-net/core';
import type { PrunePlan } from '@ma-net/mnet';

/** Its name in a file. Other programs load the file with this name left out, or with `strict=False`. */
export const PLAN = 'ma-net.plan';

/** A plan without its masks, and the tensor that holds them. */
export function packPlan(plan: PrunePlan): { readonly plan: PrunePlan; readonly tensor: HostTensor } {
  const masks = plan.kernels.map(({ mask }) => Buffer.from(mask, 'base64'));
  const size = masks.reduce((sum, { length }) => sum + length, 0);
  const words = Math.ceil(size / 4);
  const bytes = new Uint8Array(words * 4);
  let at = 0;
  for (const mask of masks) {
    bytes.set(mask, at);
    at += mask.length;
  }
  const kernels = plan.kernels.map((kernel) => ({ ...kernel, mask: '' }));
  return {
    plan: { ...plan, kernels },
    tensor: { shape: [words], dtype: 'int32', data: new Int32Array(bytes.buffer) },
  };
}

/** The plan with the masks of the tensor; a plan that has masks of its own as it is. Throws `bad-file`. */
export function unpackPlan(plan: PrunePlan, tensor: HostTensor | undefined, where: string): PrunePlan {
  const needed = plan.kernels.reduce((sum, kernel) => sum + bytesOf(kernel), 0);
  if (tensor === undefined && plan.kernels.every(({ mask }) => mask !== '')) return plan;
  if (tensor?.dtype !== 'int32' || tensor.data.length !== Math.ceil(needed / 4)) {
    throw new MaNetError(
      'bad-file',
      `The plan has ${tensor === undefined ? 'no masks' : `masks of ${tensor.data.byteLength} bytes`}, and its kernels need ${needed}.`,
      { where, hint: 'the file was edited or damaged: export the network again.' },
    );
  }
  const { buffer, byteOffset } = tensor.data;
  let at = byteOffset;
  const kernels = plan.kernels.map((kernel) => {
    const mask = Buffer.from(buffer as ArrayBuffer, at, bytesOf(kernel)).toString('base64');
    at += bytesOf(kernel);
    return { ...kernel, mask };
  });
  return { ...plan, kernels };
}

function bytesOf({ preNeurons, postNeurons }: PrunePlan['kernels'][number]): number {
  return Math.ceil((preNeurons * postNeurons) / 8);
}
