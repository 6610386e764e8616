// Binary operations with broadcasting. The stock kernels compute every index anew when shapes differ; here
// equal neighbours among the axes are merged first, and what is left are plain loops over rows.

import { backend_util, type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { allOf, type FastKernel, type KernelCall, type Values, valuesOf } from './kernel.ts';

/** Steps through one operand: per row and per column of the result, 0 where it repeats. */
interface Walk {
  readonly values: Values;
  readonly row: number;
  readonly column: number;
}

/**
 * Fills `rows` x `columns` results from `at` on, with operands from `i` and `j` on. Each operation has a
 * loop of its own, because a shared one would call a function per number.
 */
type Loop = (
  a: Walk,
  i: number,
  b: Walk,
  j: number,
  to: Values,
  at: number,
  rows: number,
  columns: number,
) => void;

export const add: FastKernel = (call) => binary(call, addLoop);
export const sub: FastKernel = (call) => binary(call, subLoop);
export const multiply: FastKernel = (call) => binary(call, multiplyLoop);
export const realDiv: FastKernel = (call) => binary(call, divideLoop);
export const maximum: FastKernel = (call) => binary(call, maximumLoop);
export const minimum: FastKernel = (call) => binary(call, minimumLoop);
export const greater: FastKernel = (call) => binary(call, greaterLoop, 'bool');
export const greaterEqual: FastKernel = (call) => binary(call, greaterEqualLoop, 'bool');
export const less: FastKernel = (call) => binary(call, lessLoop, 'bool');

const addLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn) to[o] = p[x]! + q[y]!;
  }
};

const subLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn) to[o] = p[x]! - q[y]!;
  }
};

const multiplyLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn) to[o] = p[x]! * q[y]!;
  }
};

const divideLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn) to[o] = p[x]! / q[y]!;
  }
};

const maximumLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn)
      to[o] = Math.max(p[x]!, q[y]!);
  }
};

const minimumLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn)
      to[o] = Math.min(p[x]!, q[y]!);
  }
};

const greaterLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn)
      to[o] = p[x]! > q[y]! ? 1 : 0;
  }
};

const greaterEqualLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn)
      to[o] = p[x]! >= q[y]! ? 1 : 0;
  }
};

const lessLoop: Loop = (a, i, b, j, to, at, rows, columns) => {
  const { values: p, row: pRow, column: pColumn } = a;
  const { values: q, row: qRow, column: qColumn } = b;
  for (let r = 0, o = at; r < rows; r++, i += pRow, j += qRow) {
    for (let c = 0, x = i, y = j; c < columns; c++, o++, x += pColumn, y += qColumn)
      to[o] = p[x]! < q[y]! ? 1 : 0;
  }
};

function binary(call: KernelCall, loop: Loop, dtype?: DataType): TensorInfo | undefined {
  const a = call.inputs['a']!;
  const b = call.inputs['b']!;
  if (!allOf(['float32', 'int32', 'bool'], a, b)) return undefined;
  const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const resultType = dtype ?? a.dtype;
  const result = util.getTypedArrayFromDType(
    resultType as 'float32',
    shape.reduce((x, y) => x * y, 1),
  ) as Values;
  const axes = mergedAxes(shape, a.shape, b.shape);
  const columns = axes.pop() ?? { size: 1, a: 0, b: 0 };
  const rows = axes.pop() ?? { size: 1, a: 0, b: 0 };
  const walkA = { values: valuesOf(call, a), row: rows.a, column: columns.a };
  const walkB = { values: valuesOf(call, b), row: rows.b, column: columns.b };
  const step = rows.size * columns.size;
  for (let at = 0; at < result.length; at += step) {
    let [rest, i, j] = [at / step, 0, 0];
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const { size, a: stepA, b: stepB } = axes[axis]!;
      i += (rest % size) * stepA;
      j += (rest % size) * stepB;
      rest = Math.floor(rest / size);
    }
    loop(walkA, i, walkB, j, result, at, rows.size, columns.size);
  }
  return call.backend.makeTensorInfo(shape, resultType, result);
}

interface Axis {
  size: number;
  readonly a: number;
  readonly b: number;
}

/** The axes of the result with each operand's step along them; those that continue each other are one. */
function mergedAxes(shape: readonly number[], aShape: readonly number[], bShape: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  let [aStride, bStride] = [1, 1];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    const aSize = aShape[axis - shape.length + aShape.length] ?? 1;
    const bSize = bShape[axis - shape.length + bShape.length] ?? 1;
    const [a, b] = [aSize === 1 ? 0 : aStride, bSize === 1 ? 0 : bStride];
    aStride *= aSize;
    bStride *= bSize;
    if (size === 1) continue;
    const inner = axes[0];
    if (inner !== undefined && a === inner.a * inner.size && b === inner.b * inner.size) inner.size *= size;
    else axes.unshift({ size, a, b });
  }
  return axes;
}
