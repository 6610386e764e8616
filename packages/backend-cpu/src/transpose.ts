import { type DataType, util } from '@tensorflow/tfjs-core';
import { allOf, type FastKernel, type Values, valuesOf } from './kernel.ts';

export const transpose: FastKernel = (call) => {
  const x = call.inputs['x']!;
  if (!allOf(['float32', 'int32', 'bool'], x)) return undefined;
  const order = call.attrs['perm'] as number[];
  const shape = order.map((axis) => x.shape[axis]!);
  return call.backend.makeTensorInfo(shape, x.dtype as DataType, permuted(valuesOf(call, x), x.shape, order));
};

/** The numbers in the order of the permuted axes: axis i of the result is axis `order[i]`. */
export function permuted(values: Values, shape: readonly number[], order: readonly number[]): Values {
  const strides = util.computeStrides([...shape]).concat(1);
  const axes: { size: number; step: number }[] = [];
  for (const axis of order) {
    const [size, step] = [shape[axis]!, strides[axis]!];
    const outer = axes.at(-1);
    if (size === 1) continue;
    if (outer !== undefined && outer.step === size * step) {
      outer.size *= size;
      outer.step = step;
    } else axes.push({ size, step });
  }
  const result = new (values.constructor as Float32ArrayConstructor)(values.length) as Values;
  const columns = axes.pop() ?? { size: 1, step: 1 };
  const rows = axes.pop() ?? { size: 1, step: 0 };
  for (let at = 0; at < result.length; at += rows.size * columns.size) {
    let [rest, from] = [at / (rows.size * columns.size), 0];
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { size, step } = axes[axis]!;
      from += (rest % size) * step;
      rest = Math.floor(rest / size);
    }
    copyPlane(values, from, rows.step, columns.step, result, at, rows.size, columns.size);
  }
  return result;
}

function copyPlane(
  values: Values,
  from: number,
  rowStep: number,
  columnStep: number,
  to: Values,
  at: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0, o = at; r < rows; r++) {
    for (let c = 0, i = from + r * rowStep; c < columns; c++, o++, i += columnStep) to[o] = values[i]!;
  }
}
