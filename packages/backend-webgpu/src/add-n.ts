// Sums of many tensors. The stock kernel binds all of them to one program, and a device has room for few (8 are
// guaranteed, one of them for the result): with more, tfjs hands on a tensor of zeros.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Kernel, KernelCall } from './kernel.ts';

/** What every device has room for; not what this one has, so that the order of the sum is always the same. */
const AT_ONCE = 7;

export const addN: Kernel = ({ inputs, attrs, backend }, stock) => {
  const terms = Object.values(inputs);
  if (terms.length <= AT_ONCE) return undefined;
  const add = (some: readonly TensorInfo[]): TensorInfo =>
    stock({ inputs: some, attrs, backend } as unknown as KernelCall);
  let sum = add(terms.slice(0, AT_ONCE));
  for (let at = AT_ONCE; at < terms.length; at += AT_ONCE - 1) {
    const longer = add([sum, ...terms.slice(at, at + AT_ONCE - 1)]);
    backend.disposeData(sum.dataId);
    sum = longer;
  }
  return sum;
};
