// tfjs kernels as TensorFlow operations, which tfjs's converter turns back into the same kernels. What is an attribute
// of a kernel is often an input of the operation. A kernel that is not listed has no operation of its own.

import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import {
  type Attribute,
  type Dtype,
  flag,
  type Graph,
  integer,
  integers,
  number,
  text,
  type,
  type Value,
} from './graph.ts';

/** A kernel call to write: its inputs, attributes, and the shapes of its outputs, -1 where they follow the batch. */
export interface Written {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly attrs: NamedAttrMap;
  readonly outputs: readonly (readonly number[])[];
}

/** Writes nodes and returns their outputs; undefined where the operation cannot say what the kernel does. */
export type Write = (g: Graph, call: Written) => Value | readonly Value[] | undefined;

/** One operation with the kernel's inputs, and attributes made of the kernel's. */
const plain =
  (op: string, attr: (attrs: NamedAttrMap) => Readonly<Record<string, Attribute>> = () => ({})): Write =>
  (g, { name, inputs, attrs, outputs }) =>
    g.op(op, inputs, outputs[0]!, { name, attr: attr(attrs) });

/** The same with further inputs, constants made of the attributes. */
const withConstants =
  (
    op: string,
    constants: (g: Graph, attrs: NamedAttrMap, inputs: readonly Value[]) => readonly Value[],
    attr: (attrs: NamedAttrMap) => Readonly<Record<string, Attribute>> = () => ({}),
  ): Write =>
  (g, { name, inputs, attrs, outputs }) =>
    g.op(op, [...inputs, ...constants(g, attrs, inputs)], outputs[0]!, { name, attr: attr(attrs) });

const list = (value: unknown): number[] => (Array.isArray(value) ? (value as number[]) : [Number(value)]);
const pair = (value: unknown): [number, number] => {
  const [a, b] = list(value) as [number, number?];
  return [a, b ?? a];
};
const image = ([height, width]: readonly [number, number]): Attribute => integers([1, height, width, 1]);

/** Sides of an image as [[before, after], ...] of its rows and columns, or what TensorFlow calls the padding. */
function padding(pad: unknown): string | readonly [[number, number], [number, number]] {
  if (typeof pad === 'string') return pad.toUpperCase();
  if (typeof pad === 'number')
    return [
      [pad, pad],
      [pad, pad],
    ];
  const [, rows, columns] = pad as [number, number][];
  return [rows!, columns!];
}

const convolution =
  (op: string): Write =>
  (g, { name, inputs, attrs, outputs }) => {
    const sides = padding(attrs['pad']);
    const explicit = typeof sides === 'string' ? [] : [0, 0, ...sides.flat(), 0, 0];
    const none = explicit.every((side) => side === 0);
    if (attrs['dataFormat'] === 'NCHW') return undefined;
    return g.op(op, inputs, outputs[0]!, {
      name,
      attr: {
        strides: image(pair(attrs['strides'])),
        dilations: image(pair(attrs['dilations'] ?? 1)),
        data_format: text('NHWC'),
        padding: text(typeof sides === 'string' ? sides : none ? 'VALID' : 'EXPLICIT'),
        explicit_paddings: integers(none ? [] : explicit),
      },
    });
  };

/** What padding is filled with for a maximum: the lowest float32. */
const LOWEST = -3.4028234663852886e38;

/** The converter's pools know no padding in pixels: a maximum gets it beforehand, a mean would count it. */
const pool =
  (op: 'MaxPool' | 'AvgPool'): Write =>
  (g, { name, inputs: [x], attrs, outputs }) => {
    const sides = padding(attrs['pad']);
    const none = typeof sides === 'string' || sides.flat().every((side) => side === 0);
    if (!none && op === 'AvgPool') return undefined;
    let from = x!;
    if (!none) {
      const [top, left] = sides as [[number, number], [number, number]];
      const [batch, height, width, channels] = from.shape as [number, number, number, number];
      const shape = [batch, height + top[0] + top[1], width + left[0] + left[1], channels];
      from = g.op(
        'PadV2',
        [from, g.integers([0, 0, ...top, ...left, 0, 0], [4, 2]), g.number(LOWEST)],
        shape,
      );
    }
    return g.op(op, [from], outputs[0]!, {
      name,
      attr: {
        ksize: image(pair(attrs['filterSize'])),
        strides: image(pair(attrs['strides'])),
        padding: text(typeof sides === 'string' ? sides : 'VALID'),
        data_format: text('NHWC'),
      },
    });
  };

const product: Write = (g, { name, inputs, attrs, outputs }) => {
  const [a, b] = [flag(attrs['transposeA'] === true), flag(attrs['transposeB'] === true)];
  return inputs[0]!.shape.length === 2
    ? g.op('MatMul', inputs, outputs[0]!, { name, attr: { transpose_a: a, transpose_b: b } })
    : g.op('BatchMatMulV2', inputs, outputs[0]!, { name, attr: { adj_x: a, adj_y: b } });
};

const reduction = (op: string): Write =>
  withConstants(
    op,
    // tfjs's maximum has another name for them.
    (g, attrs, [x]) => [
      g.integers(list(attrs['axis'] ?? attrs['reductionIndices'] ?? x!.shape.map((_, k) => k))),
    ],
    (attrs) => ({ keep_dims: flag(attrs['keepDims'] === true) }),
  );

const argument = (op: string): Write =>
  withConstants(op, (g, attrs) => [g.integers(list(attrs['axis']), [])]);

const resize = (op: string): Write =>
  withConstants(
    op,
    (g, attrs) => [g.integers(list(attrs['size']))],
    (attrs) => ({
      align_corners: flag(attrs['alignCorners'] === true),
      half_pixel_centers: flag(attrs['halfPixelCenters'] === true),
    }),
  );

const scan = (op: string): Write =>
  withConstants(
    op,
    (g, attrs) => [g.integers(list(attrs['axis'] ?? 0), [])],
    (attrs) => ({ exclusive: flag(attrs['exclusive'] === true), reverse: flag(attrs['reverse'] === true) }),
  );

const axisOf = (attrs: NamedAttrMap, rank: number): number => {
  const axis = Number(attrs['axis'] ?? 0);
  return axis < 0 ? axis + rank : axis;
};

/** Kernels whose operation has another name, and nothing else that differs. */
const renamed = {
  Add: 'AddV2',
  AddN: 'AddN',
  Multiply: 'Mul',
  Mod: 'FloorMod',
  Select: 'SelectV2',
} as const;

/** Kernels that have an operation of the same name and inputs, without attributes. */
const same =
  `Abs Acos Acosh Asin Asinh Atan Atan2 Atanh Ceil Cos Cosh Elu Equal Erf Exp Expm1 Floor FloorDiv Greater
  GreaterEqual Identity IsNan Less LessEqual Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum Neg
  NotEqual OnesLike Pow Prelu RealDiv Reciprocal Relu Relu6 Round Rsqrt Selu Sigmoid Sign Sin Sinh Softmax Softplus Sqrt
  Square SquaredDifference Sub Tan Tanh ZerosLike`.split(/\s+/);

export const operations: Readonly<Record<string, Write>> = {
  ...Object.fromEntries(same.map((name) => [name, plain(name)])),
  ...Object.fromEntries(
    Object.entries(renamed).map(([name, op]) => [
      name,
      ((g, call) =>
        plain(op, () => (op === 'AddN' ? { N: integer(call.inputs.length) } : {}))(g, call)) satisfies Write,
    ]),
  ),
  Cast: (g, { name, inputs: [x], attrs, outputs }) =>
    g.op('Cast', [x!], outputs[0]!, { name, attr: { DstT: type(attrs['dtype'] as Dtype) } }),
  LeakyRelu: plain('LeakyRelu', (attrs) => ({ alpha: number(Number(attrs['alpha'])) })),
  ClipByValue: withConstants('ClipByValue', (g, attrs) => [
    g.number(Number(attrs['clipValueMin'])),
    g.number(Number(attrs['clipValueMax'])),
  ]),
  Conv2D: convolution('Conv2D'),
  DepthwiseConv2dNative: convolution('DepthwiseConv2dNative'),
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AvgPool'),
  BatchMatMul: product,
  Einsum: (g, call) =>
    plain('Einsum', (attrs) => ({
      N: integer(call.inputs.length),
      equation: text(attrs['equation'] as string),
    }))(g, call),
  ...Object.fromEntries(
    ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'All', 'Any'].map((name) => [name, reduction(name)]),
  ),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  Cumsum: scan('Cumsum'),
  Cumprod: scan('Cumprod'),
  ResizeBilinear: resize('ResizeBilinear'),
  ResizeNearestNeighbor: resize('ResizeNearestNeighbor'),
  Transpose: withConstants('Transpose', (g, attrs) => [g.integers(list(attrs['perm']))]),
  Reverse: withConstants('ReverseV2', (g, attrs) => [g.integers(list(attrs['dims']))]),
  Concat(g, { name, inputs, attrs, outputs }) {
    const axis = g.integers([axisOf(attrs, outputs[0]!.length)], []);
    return g.op('ConcatV2', [...inputs, axis], outputs[0]!, { name, attr: { N: integer(inputs.length) } });
  },
  Pack: (g, { name, inputs, attrs, outputs }) =>
    g.op('Pack', inputs, outputs[0]!, {
      name,
      attr: { N: integer(inputs.length), axis: integer(axisOf(attrs, outputs[0]!.length)) },
    }),
  Unpack: (g, { name, inputs, attrs, outputs }) =>
    g.ops('Unpack', inputs, outputs, {
      name,
      attr: { num: integer(outputs.length), axis: integer(axisOf(attrs, inputs[0]!.shape.length)) },
    }),
  SplitV(g, { name, inputs: [x], attrs, outputs }) {
    const axis = axisOf(attrs, x!.shape.length);
    const sizes = outputs.map((shape) => shape[axis]!);
    if (sizes.includes(-1)) return undefined;
    const inputs = [x!, g.integers(sizes), g.integers([axis], [])];
    return g.ops('SplitV', inputs, outputs, { name, attr: { num_split: integer(outputs.length) } });
  },
  Slice(g, { name, inputs: [x], attrs, outputs }) {
    const begin = list(attrs['begin']);
    // To the end where it goes there: of the batch, for one.
    const size = outputs[0]!.map((length, k) => (length === x!.shape[k] && begin[k] === 0 ? -1 : length));
    if (size.some((length, k) => length === -1 && x!.shape[k] !== outputs[0]![k])) return undefined;
    return g.op('Slice', [x!, g.integers(begin), g.integers(size)], outputs[0]!, { name });
  },
  PadV2: withConstants('PadV2', (g, attrs) => [
    g.integers((attrs['paddings'] as unknown as number[][]).flat(), [
      (attrs['paddings'] as unknown as number[][]).length,
      2,
    ]),
    g.number(Number(attrs['constantValue'] ?? 0)),
  ]),
  MirrorPad: withConstants(
    'MirrorPad',
    (g, attrs) => {
      const sides = attrs['paddings'] as unknown as number[][];
      return [g.integers(sides.flat(), [sides.length, 2])];
    },
    (attrs) => ({ mode: text((attrs['mode'] as string).toUpperCase()) }),
  ),
  GatherV2: withConstants(
    'GatherV2',
    (g, attrs) => [g.integers([Number(attrs['axis'] ?? 0)], [])],
    (attrs) => ({ batch_dims: integer(Number(attrs['batchDims'] ?? 0)) }),
  ),
  Tile: (g, { name, inputs: [x], attrs, outputs }) => {
    const reps = list(attrs['reps']);
    if (outputs[0]!.includes(-1) && !x!.shape.includes(-1)) {
      const others = reps.every((times, k) => k === 0 || times === 1);
      return others && x!.shape[0] === 1 ? g.perImage(x!, outputs[0]!) : undefined;
    }
    return g.op('Tile', [x!, g.integers(reps)], outputs[0]!, { name });
  },
  BroadcastTo(g, { name, inputs: [x], outputs }) {
    const [shape] = outputs;
    if (!shape!.includes(-1)) return g.op('BroadcastTo', [x!, g.integers(shape!)], shape!, { name });
    return g.perImage(x!, shape!);
  },
};
