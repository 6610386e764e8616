// Parts of tensors, copied run by run: the stock kernels compute the place of every number anew.

import {
  backend_util,
  type DataType,
  slice_util,
  type Tensor,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { allOf, type FastKernel, type KernelCall, type Values, valuesOf } from './kernel.ts';

export const slice: FastKernel = (call) => {
  const x = call.inputs['x']!;
  if (!allOf(['float32', 'int32', 'bool'], x)) return undefined;
  const { begin: from, size: asked } = call.attrs as { begin: number[]; size: number[] };
  const [begin, size] = slice_util.parseSliceParams(x as Tensor, from, asked) as [number[], number[]];
  slice_util.assertParamsValid(x as Tensor, begin, size);
  return part(call, x, begin, size);
};

export const splitV: FastKernel = (call) => {
  const x = call.inputs['x']!;
  if (!allOf(['float32', 'int32', 'bool'], x)) return undefined;
  const { axis, numOrSizeSplits } = call.attrs as { axis: number; numOrSizeSplits: number | number[] };
  const along = util.parseAxisParam(axis, x.shape)[0]!;
  const sizes = backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, along);
  const begin = x.shape.map(() => 0);
  return sizes.map((size) => {
    const made = part(call, x, begin, x.shape.with(along, size));
    begin[along]! += size;
    return made;
  });
};

function part(call: KernelCall, x: TensorInfo, begin: readonly number[], size: number[]): TensorInfo {
  const values = sliced(valuesOf(call, x), x.shape, begin, size);
  return call.backend.makeTensorInfo(size, x.dtype as DataType, values);
}

function sliced(
  values: Values,
  shape: readonly number[],
  begin: readonly number[],
  size: readonly number[],
): Values {
  const strides = [...util.computeStrides([...shape]), 1];
  // Everything from `inner` on lies in one piece.
  const inner = Math.max(
    0,
    size.findLastIndex((s, axis) => s !== shape[axis]),
  );
  const run = (size[inner] ?? 1) * (strides[inner] ?? 1);
  const first = begin.reduce((sum, b, axis) => sum + b * strides[axis]!, 0);
  const runs = size.slice(0, inner).reduce((a, b) => a * b, 1);
  if (runs === 1) return values.slice(first, first + run);
  const result = new (values.constructor as Float32ArrayConstructor)(runs * run) as Values;
  for (let r = 0, to = 0; r < runs; r++) {
    let [rest, from] = [r, first];
    for (let axis = inner - 1; axis >= 0; axis--) {
      from += (rest % size[axis]!) * strides[axis]!;
      rest = Math.floor(rest / size[axis]!);
    }
    for (let i = 0; i < run; i++) result[to++] = values[from + i]!;
  }
  return result;
}
