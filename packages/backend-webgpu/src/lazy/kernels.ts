// tfjs's kernels that are only written down: arithmetic, moves and reductions. The others run as programs, in their turn.

import {
  backend_util,
  type DataType,
  slice_util,
  type TensorInfo,
  upcastType,
  util,
} from '@tensorflow/tfjs-core';
import type { Kernel, KernelCall } from '../kernel.ts';
import { type Access, affine, repeated, sizeOf, stridesOf } from './access.ts';
import { binary, comparison, unary } from './arithmetic.ts';
import { type Lazy, lazyOf } from './lazy.ts';
import type { Code, Mapped, Operand, Reduction } from './value.ts';

type Recorder = (lazy: Lazy, call: KernelCall) => TensorInfo | TensorInfo[] | undefined;

interface MapOptions {
  readonly numbers?: readonly number[];
  readonly along?: Access | undefined;
  readonly bounds?: readonly number[];
}

function map(
  lazy: Lazy,
  [name, shape, dtype]: readonly [string, readonly number[], DataType],
  operands: readonly Operand[],
  code: Code,
  { numbers = [], along, bounds = [] }: MapOptions = {},
): TensorInfo {
  const more = { operands, code, name, numbers, bounds, ...(along === undefined ? {} : { along }) };
  return lazy.record([...shape], dtype, (common): Mapped => ({ kind: 'map', ...common, ...more }));
}

const KNOWN: readonly DataType[] = ['float32', 'int32', 'bool'];
const usable = (...tensors: readonly TensorInfo[]): boolean =>
  tensors.every(({ dtype, shape }) => KNOWN.includes(dtype) && sizeOf(shape) > 0);

const inputsOf = ({ inputs }: KernelCall): readonly TensorInfo[] => Object.values(inputs);
/** Little that lies in JavaScript is computed there, by tfjs. */
const onHost = (lazy: Lazy, tensors: readonly TensorInfo[]): boolean =>
  lazy.backend.shouldExecuteOnCPU([...tensors]);

const unaryOf =
  (name: string, code: (a: string) => string): Recorder =>
  (lazy, call) => {
    const { x } = call.inputs as { x: TensorInfo };
    if (x.dtype !== 'float32' || !usable(x) || onHost(lazy, [x])) return undefined;
    return map(lazy, [name, x.shape, 'float32'], [same(lazy, x)], ([a]) => code(a!));
  };

const binaryOf =
  (name: string, code: (a: string, b: string) => string, result?: DataType): Recorder =>
  (lazy, call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    if (!usable(a, b) || onHost(lazy, [a, b])) return undefined;
    const dtype = result ?? upcastType(a.dtype, b.dtype);
    if (result === undefined && dtype !== 'float32') return undefined;
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const operands = [a, b].map((x) => ({ value: lazy.of(x), access: repeated(shape, x.shape) }));
    return map(lazy, [name, shape, dtype], operands, ([left, right]) => code(left!, right!));
  };

function same(lazy: Lazy, x: TensorInfo): Operand {
  return { value: lazy.of(x), access: undefined };
}

/** Numbers in other places, as `access` has them. */
function moved(lazy: Lazy, x: TensorInfo, shape: readonly number[], access: Access | undefined): TensorInfo {
  return map(lazy, ['move', shape, x.dtype], [{ value: lazy.of(x), access }], ([a]) => a!);
}

const step: Recorder = (lazy, { inputs, attrs }) => {
  const x = inputs['x']!;
  if (x.dtype !== 'float32' || !usable(x) || onHost(lazy, [x])) return undefined;
  const code: Code = ([a], { n }) => `select(select(${n[0]}, 1.0, ${a} > 0.0), ${a!}, isNone(${a!}))`;
  const numbers = [(attrs as { alpha?: number }).alpha ?? 0];
  return map(lazy, ['Step', x.shape, 'float32'], [same(lazy, x)], code, { numbers });
};

const clip: Recorder = (lazy, { inputs, attrs }) => {
  const x = inputs['x']!;
  if (x.dtype !== 'float32' || !usable(x) || onHost(lazy, [x])) return undefined;
  const { clipValueMin: least, clipValueMax: most } = attrs as Record<string, number>;
  const code: Code = ([a], { n }) => `select(clamp(${a}, ${n[0]}, ${n[1]}), ${a}, isNone(${a}))`;
  return map(lazy, ['ClipByValue', x.shape, 'float32'], [same(lazy, x)], code, { numbers: [least!, most!] });
};

const addN: Recorder = (lazy, call) => {
  const terms = inputsOf(call);
  if (!usable(...terms) || terms.some(({ dtype }) => dtype !== 'float32')) return undefined;
  const [first, ...others] = terms as [TensorInfo, ...TensorInfo[]];
  const { shape } = first;
  const code: Code = ([a, b]) => `${a} + ${b}`;
  // Two by two, from the first on: sums of any length in the same order.
  let sum = first;
  for (const term of others) {
    const longer = map(lazy, ['Add', shape, 'float32'], [same(lazy, sum), same(lazy, term)], code);
    if (sum !== first) lazy.backend.disposeData(sum.dataId);
    sum = longer;
  }
  return sum === first ? moved(lazy, first, shape, undefined) : sum;
};

const select: Recorder = (lazy, { inputs }) => {
  const { condition, t, e } = inputs as { condition: TensorInfo; t: TensorInfo; e: TensorInfo };
  const whole = sizeOf(condition.shape) === sizeOf(t.shape);
  if (!usable(condition, t, e) || !whole || upcastType(t.dtype, e.dtype) !== 'float32') return undefined;
  const operands = [condition, t, e].map((x) => same(lazy, x));
  const code: Code = ([c, a, b]) => `select(${b}, ${a}, ${c} >= 1.0)`;
  return map(lazy, ['Select', t.shape, 'float32'], operands, code);
};

function constant(
  lazy: Lazy,
  shape: readonly number[],
  dtype: DataType,
  value: number,
): TensorInfo | undefined {
  if (!KNOWN.includes(dtype) || sizeOf(shape) === 0) return undefined;
  return map(lazy, ['Fill', shape, dtype], [], (_, { n }) => n[0]!, { numbers: [value] });
}

const fill: Recorder = (lazy, { attrs }) => {
  const {
    shape,
    value,
    dtype = util.inferDtype(value as never),
  } = attrs as {
    shape: number[];
    value: number;
    dtype?: DataType;
  };
  return constant(lazy, shape, dtype, value);
};

const filledLike =
  (value: number): Recorder =>
  (lazy, { inputs }) =>
    constant(lazy, inputs['x']!.shape, inputs['x']!.dtype, value);

const transpose: Recorder = (lazy, { inputs, attrs }) => {
  const x = inputs['x']!;
  if (!usable(x) || onHost(lazy, [x])) return undefined;
  const { perm } = attrs as { perm: number[] };
  const strides = stridesOf(x.shape);
  const shape = perm.map((axis) => x.shape[axis]!);
  return moved(
    lazy,
    x,
    shape,
    affine(
      shape,
      perm.map((axis) => strides[axis]!),
    ),
  );
};

function part(lazy: Lazy, x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
  const strides = stridesOf(x.shape);
  const offset = begin.reduce((sum, first, axis) => sum + first * strides[axis]!, 0);
  return moved(lazy, x, size, affine(size, strides, offset));
}

const slice: Recorder = (lazy, { inputs, attrs }) => {
  const x = inputs['x']!;
  const { begin, size } = attrs as { begin: number[]; size: number[] };
  const [first, count] = slice_util.parseSliceParams(x, begin, size);
  slice_util.assertParamsValid(x, first!, count!);
  if (!usable(x) || sizeOf(count!) === 0 || onHost(lazy, [x])) return undefined;
  return part(lazy, x, first!, count!);
};

const split: Recorder = (lazy, { inputs, attrs }) => {
  const x = inputs['x']!;
  const { axis: asked, numOrSizeSplits } = attrs as { axis: number; numOrSizeSplits: number | number[] };
  if (!usable(x) || onHost(lazy, [x])) return undefined;
  const [axis] = util.parseAxisParam(asked, x.shape) as [number];
  const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, axis);
  if (sizes.some((size) => size === 0)) return undefined;
  let start = 0;
  return sizes.map((size) => {
    const begin = x.shape.map((_, k) => (k === axis ? start : 0));
    start += size;
    return part(
      lazy,
      x,
      begin,
      x.shape.map((whole, k) => (k === axis ? size : whole)),
    );
  });
};

const tile: Recorder = (lazy, { inputs, attrs }) => {
  const x = inputs['x']!;
  const { reps } = attrs as { reps: number[] };
  if (!usable(x) || reps.some((times) => times < 1) || onHost(lazy, [x])) return undefined;
  const strides = stridesOf(x.shape);
  // Each axis as two: which time, and where.
  const shape = x.shape.flatMap((size, axis) => [reps[axis]!, size]);
  const access = affine(
    shape,
    x.shape.flatMap((_, axis) => [0, strides[axis]!]),
  );
  return moved(
    lazy,
    x,
    x.shape.map((size, axis) => size * reps[axis]!),
    access,
  );
};

/** Tensors that are put one after the other by one program; more than these are left to tfjs, which does it in turns. */
const MOST_JOINED = 7;

const concat: Recorder = (lazy, call) => {
  const tensors = inputsOf(call).filter(({ shape }) => sizeOf(shape) > 0);
  const { axis: asked } = call.attrs as unknown as { axis: number };
  const [first] = tensors;
  if (first === undefined || tensors.length > MOST_JOINED || !usable(...tensors) || onHost(lazy, tensors))
    return undefined;
  if (tensors.some(({ dtype }) => dtype !== first.dtype)) return undefined;
  const [axis] = util.parseAxisParam(asked, first.shape) as [number];
  const shape = backend_util.computeOutShape(
    tensors.map((x) => x.shape),
    axis,
  );
  const inner = sizeOf(shape.slice(axis + 1));
  const [total, outer] = [shape[axis]!, sizeOf(shape.slice(0, axis))];
  let start = 0;
  const operands = tensors.map((x): Operand => {
    const rows = x.shape[axis]!;
    const access = affine([outer, total, inner], [rows * inner, inner, 1], -start * inner);
    start += rows;
    return { value: lazy.of(x), access };
  });
  const bounds = tensors
    .map((x) => x.shape[axis]!)
    .map((_, k, rows) => rows.slice(0, k + 1).reduce((a, b) => a + b));
  const code: Code = (values, { along, bounds: ends }) =>
    values.reduceRight(
      (rest, value, k) => (rest === '' ? value : `select(${rest}, ${value}, ${along} < ${ends[k]})`),
      '',
    );
  const along = affine([outer, total, inner], [0, 1, 0]);
  return map(lazy, ['Concat', shape, first.dtype], operands, code, { along, bounds });
};

const reduction =
  (how: Reduction, mean = false): Recorder =>
  (lazy, { inputs, attrs }) => {
    const x = inputs['x']!;
    const {
      axis,
      reductionIndices = axis,
      keepDims,
    } = attrs as {
      axis?: number | number[];
      reductionIndices?: number | number[];
      keepDims?: boolean;
    };
    if (x.dtype !== 'float32' || !usable(x) || onHost(lazy, [x])) return undefined;
    const axes = util.parseAxisParam(reductionIndices as number[], x.shape).toSorted((a, b) => a - b);
    const others = x.shape.map((_, k) => k).filter((k) => !axes.includes(k));
    const strides = stridesOf(x.shape);
    const along = (some: readonly number[]): Access | undefined =>
      affine(
        some.map((k) => x.shape[k]!),
        some.map((k) => strides[k]!),
      );
    const shape =
      keepDims === true
        ? x.shape.map((size, k) => (axes.includes(k) ? 1 : size))
        : others.map((k) => x.shape[k]!);
    const length = sizeOf(axes.map((k) => x.shape[k]!));
    return lazy.record(shape, 'float32', (common) => ({
      kind: 'reduce',
      ...common,
      how,
      input: lazy.of(x),
      length,
      kept: along(others),
      over: along(axes),
      scale: mean ? 1 / length : 1,
    }));
  };

const recorders: Readonly<Record<string, Recorder>> = {
  ...Object.fromEntries(Object.entries(unary).map(([name, code]) => [name, unaryOf(name, code)])),
  ...Object.fromEntries(Object.entries(binary).map(([name, code]) => [name, binaryOf(name, code)])),
  ...Object.fromEntries(
    Object.entries(comparison).map(([name, code]) => [name, binaryOf(name, code, 'bool')]),
  ),
  AddN: addN,
  ClipByValue: clip,
  Concat: concat,
  Fill: fill,
  Max: reduction('max'),
  Mean: reduction('sum', true),
  Min: reduction('min'),
  OnesLike: filledLike(1),
  Select: select,
  Slice: slice,
  SplitV: split,
  Step: step,
  Sum: reduction('sum'),
  Tile: tile,
  Transpose: transpose,
  ZerosLike: filledLike(0),
};

const wrapped = Object.entries(recorders).map(([name, record]): [string, Kernel] => [
  name,
  (call) => {
    const lazy = lazyOf(call.backend);
    return lazy === undefined ? undefined : record(lazy, call);
  },
]);

/** Kernels that are only written down where the backend is lazy and they can be. */
export const lazyKernels: Readonly<Record<string, Kernel>> = Object.fromEntries(wrapped);
