// Reductions, scans and softmax.

import { sumOutType, util, type DataType, type NamedAttrMap } from '@tensorflow/tfjs-core';
import type { Kernel, KernelTable } from '../kernel.ts';
import { type Lowering, type Val, onnxType } from '../lower/lowering.ts';
import type { Spec } from '../spec.ts';
import type { OnnxType } from '../onnx/model.ts';
import { averaging, reduced } from './moments.ts';

function axesOf(rank: number, { axis, dim, reductionIndices }: NamedAttrMap, all = true): number[] {
  const given = (axis ?? dim ?? reductionIndices) as number | number[] | null | undefined;
  const axes = util.parseAxisParam(
    given ?? (all ? Array.from({ length: rank }, (_, k) => k) : [rank - 1]),
    Array(rank).fill(1),
  );
  return [...new Set(axes)].sort((a, b) => a - b);
}

function reducedShape(shape: readonly number[], axes: readonly number[], keepDims: boolean): number[] {
  return shape.flatMap((d, k) => (axes.includes(k) ? (keepDims ? [1] : []) : [d]));
}

interface Options {
  readonly output?: (type: DataType) => DataType;
  readonly compute?: (type: DataType) => OnnxType;
}

const asNumber = (type: DataType): OnnxType => (type === 'bool' ? 'int32' : onnxType(type));

function reduction(op: string, { output = (t) => t, compute = asNumber }: Options = {}): Kernel {
  return {
    inputs: ['x'],
    infer: ([x], attrs) => ({
      shape: reducedShape(x!.shape, axesOf(x!.shape.length, attrs), attrs['keepDims'] === true),
      dtype: output(x!.dtype),
    }),
    lower(g, [x], { attrs, outputs }) {
      const out = outputs[0]!;
      const axes = axesOf(x!.rank, attrs);
      const keepDims = attrs['keepDims'] === true;
      const type = compute(x!.dtype);
      return g.reduction(x!, axes, keepDims, out, (name, where) => {
        const input = x!.dtype === type ? name : g.cast(name, type);
        const y = where.length === 0 ? g.op('Identity', [input]) : reduced(g, op, input, where, keepDims);
        return type === out.dtype ? y : g.cast(y, onnxType(out.dtype));
      });
    },
  };
}

const int32 = (): OnnxType => 'int32';
const float = (): OnnxType => 'float32';

function argument(op: 'ArgMax' | 'ArgMin'): Kernel {
  return {
    inputs: ['x'],
    infer: ([x], attrs) => ({
      shape: reducedShape(x!.shape, axesOf(x!.shape.length, attrs), false),
      dtype: 'int32',
    }),
    lower(g, [x], { attrs, outputs }) {
      const [axis] = axesOf(x!.rank, attrs);
      if (x!.rank === 0) return g.val(g.model.scalar(0, 'int32'), outputs[0]!);
      const input = comparable(g, x!, op === 'ArgMax' ? -Infinity : Infinity);
      return g.val(g.cast(g.op(op, [input], { axis: axis!, keepdims: 0 }), 'int32'), outputs[0]!);
    },
  };
}

/** The values to compare; NaN loses against everything, as `worst` does. */
function comparable(g: Lowering, x: Val, worst: number): string {
  const name = g.plain(x);
  if (x.dtype === 'bool') return g.cast(name, 'int32');
  return x.dtype === 'int32' ? name : g.op('Where', [g.op('IsNaN', [name]), g.model.scalar(worst), name]);
}

const lastAxis = (emit: (g: Lowering, x: string, axis: number) => string, input: string): Kernel => ({
  inputs: [input],
  infer: ([x]) => ({ shape: x!.shape, dtype: 'float32' }),
  lower: (g, [x], { attrs, outputs }) =>
    g.val(emit(g, g.float(x!), axesOf(x!.rank, attrs, false)[0] ?? 0), outputs[0]!),
});

const scanSpec = ([x]: readonly Spec[]): Spec => ({ shape: x!.shape, dtype: sumOutType(x!.dtype) });

function scanAxis(attrs: NamedAttrMap, rank: number): { axis: number; exclusive: number; reverse: number } {
  const [axis] = axesOf(rank, { axis: attrs['axis'] ?? 0 });
  return {
    axis: axis!,
    exclusive: Number(attrs['exclusive'] === true),
    reverse: Number(attrs['reverse'] === true),
  };
}

/** Running products by doubling: after k rounds every element holds the product of up to 2^k elements. */
function cumulativeProduct(g: Lowering, x: Val, attrs: NamedAttrMap, type: OnnxType): string {
  const { axis, exclusive, reverse } = scanAxis(attrs, x.rank);
  const length = x.shape[axis]!;
  const shifted = (name: string, by: number): string => {
    const [before, after] = [x.shape.map(() => 0), x.shape.map(() => 0)];
    (reverse ? after : before)[axis] = by;
    const padded = g.pad(name, before, after, 1, type);
    return reverse ? g.slice(padded, [by], [length + by], [axis]) : g.slice(padded, [0], [length], [axis]);
  };
  const source = x.dtype === type ? g.plain(x) : g.cast(g.plain(x), type);
  let y = exclusive ? shifted(source, 1) : source;
  for (let by = 1; by < length; by *= 2) y = g.op('Mul', [y, shifted(y, by)]);
  return y;
}

export const reduce: KernelTable = {
  Sum: reduction('ReduceSum', { output: sumOutType }),
  Prod: reduction('ReduceProd', { output: sumOutType }),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Mean: averaging(reduction('ReduceMean', { output: () => 'float32', compute: float })),
  All: reduction('ReduceMin', { compute: int32 }),
  Any: reduction('ReduceMax', { compute: int32 }),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Softmax: lastAxis((g, x, axis) => g.op('Softmax', [x], { axis }), 'logits'),
  LogSoftmax: lastAxis((g, x, axis) => g.op('LogSoftmax', [x], { axis }), 'logits'),
  Cumsum: {
    inputs: ['x'],
    infer: scanSpec,
    lower(g, [x], { attrs, outputs }) {
      const { axis, exclusive, reverse } = scanAxis(attrs, x!.rank);
      const input =
        x!.dtype === outputs[0]!.dtype ? g.plain(x!) : g.cast(g.plain(x!), onnxType(outputs[0]!.dtype));
      return g.val(g.op('CumSum', [input, g.model.int(axis)], { exclusive, reverse }), outputs[0]!);
    },
  },
  Cumprod: {
    inputs: ['x'],
    infer: scanSpec,
    lower: (g, [x], { attrs, outputs }) =>
      g.val(cumulativeProduct(g, x!, attrs, onnxType(outputs[0]!.dtype)), outputs[0]!),
  },
  TopK: {
    inputs: ['x'],
    many: true,
    infer([x], attrs) {
      const shape = [...x!.shape.slice(0, -1), Number(attrs['k'])];
      return [
        { shape, dtype: x!.dtype },
        { shape, dtype: 'int32' },
      ];
    },
    lower(g, [x], { attrs, outputs }) {
      const inputs = [g.plain(x!), g.model.ints([Number(attrs['k'])])];
      const [values, indices] = g.model.nodes('TopK', inputs, 2, { axis: -1, largest: 1, sorted: 1 });
      return [g.val(values!, outputs[0]!), g.val(g.cast(indices!, 'int32'), outputs[1]!)];
    },
  },
};
