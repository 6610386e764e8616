// Kernels that move values without computing: slices, joins, padding, permutation, repetition.

import { backend_util, slice_util, util, type NamedAttrMap } from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernel.ts';
import { type Lowering, onnxType, Val } from '../lower/lowering.ts';
import type { Spec } from '../spec.ts';
import type { OnnxType } from '../onnx/model.ts';
import { joined } from './moments.ts';

const list = (attrs: NamedAttrMap, name: string): number[] => attrs[name] as number[];
const axisOf = (attrs: NamedAttrMap, rank: number): number =>
  util.parseAxisParam(Number(attrs['axis'] ?? 0), Array(rank).fill(1))[0]!;

/** Slice sizes with -1 (to the end) resolved. */
function sliceBounds(x: Spec, attrs: NamedAttrMap): { begin: number[]; size: number[] } {
  const given = attrs['size'] as number | number[];
  const [begin, size] = slice_util.parseSliceParams(x as never, attrs['begin'] as number | number[], given);
  slice_util.assertParamsValid(x as never, begin!, size!);
  return { begin: begin!, size: size! };
}

interface Strided {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly outShape: number[];
}

function stridedInfo(x: Spec, attrs: NamedAttrMap): Strided {
  const info = slice_util.sliceInfo(
    [...x.shape],
    list(attrs, 'begin'),
    list(attrs, 'end'),
    list(attrs, 'strides'),
    Number(attrs['beginMask']),
    Number(attrs['endMask']),
    Number(attrs['ellipsisMask']),
    Number(attrs['newAxisMask']),
    Number(attrs['shrinkAxisMask']),
  );
  return { begin: info.begin, end: info.end, strides: info.strides, outShape: info.finalShape };
}

/** True when working on NCHW saves a transpose. */
const onlyNchw = (x: Val): boolean => x.rank === 4 && x.plain === undefined;
const toNchw = (v: readonly number[]): number[] => [v[0]!, v[3]!, v[1]!, v[2]!];

function paddings(attrs: NamedAttrMap): { before: number[]; after: number[] } {
  const pairs = attrs['paddings'] as unknown as [number, number][];
  return { before: pairs.map((p) => p[0]), after: pairs.map((p) => p[1]) };
}

const padded = (x: Spec, attrs: NamedAttrMap): Spec => {
  const { before, after } = paddings(attrs);
  return { shape: x.shape.map((d, k) => d + before[k]! + after[k]!), dtype: x.dtype };
};

/** The index into an axis of `length` elements that each element of the mirrored axis shows. */
function mirror(length: number, before: number, after: number, symmetric: boolean): Int32Array {
  const offset = symmetric ? 0 : 1;
  return Int32Array.from({ length: length + before + after }, (_, k) => {
    const at = k - before;
    if (at < 0) return -at - 1 + offset;
    return at >= length ? 2 * length - 1 - offset - at : at;
  });
}

/** ONNX moves bool by itself nearly everywhere; where it does not, through uint8. */
function moving(g: Lowering, x: Val, emit: (name: string, type: OnnxType) => string): string {
  if (x.dtype !== 'bool') return emit(g.plain(x), onnxType(x.dtype));
  return g.cast(emit(g.cast(g.plain(x), 'uint8'), 'uint8'), 'bool');
}

export const arrange: KernelTable = {
  Slice: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: sliceBounds(x!, attrs).size, dtype: x!.dtype }),
    lower(g, [x], { attrs, outputs }) {
      const { begin, size } = sliceBounds(x!, attrs);
      const end = begin.map((b, k) => b + size[k]!);
      if (x!.rank === 0) return x!;
      return onlyNchw(x!)
        ? g.valNchw(g.slice(g.nchw(x!), toNchw(begin), toNchw(end)), outputs[0]!)
        : g.val(g.slice(g.plain(x!), begin, end), outputs[0]!);
    },
  },

  StridedSlice: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: stridedInfo(x!, attrs).outShape, dtype: x!.dtype }),
    lower(g, [x], { attrs, outputs }) {
      const { begin, end, strides } = stridedInfo(x!, attrs);
      // With a negative stride, an end of -1 means "to the first element".
      const stops = end.map((e, k) => (strides[k]! < 0 && e < 0 ? -(2 ** 31) : e));
      const axes = begin.map((_, k) => k);
      return g.val(
        g.reshape(g.slice(g.plain(x!), begin, stops, axes, strides), outputs[0]!.shape),
        outputs[0]!,
      );
    },
  },

  PadV2: {
    inputs: ['x'],
    infer: ([x], attrs) => padded(x!, attrs),
    lower(g, [x], { attrs, outputs }) {
      const { before, after } = paddings(attrs);
      const value = Number(attrs['constantValue'] ?? 0);
      if (onlyNchw(x!) && x!.dtype === 'float32') {
        return g.valNchw(g.pad(g.nchw(x!), toNchw(before), toNchw(after), value), outputs[0]!);
      }
      return g.val(
        moving(g, x!, (name, type) => g.pad(name, before, after, value, type)),
        outputs[0]!,
      );
    },
  },

  MirrorPad: {
    inputs: ['x'],
    infer: ([x], attrs) => padded(x!, attrs),
    lower(g, [x], { attrs, outputs }) {
      const { before, after } = paddings(attrs);
      let name = g.plain(x!);
      x!.shape.forEach((length, axis) => {
        if (before[axis] === 0 && after[axis] === 0) return;
        const indices = mirror(length, before[axis]!, after[axis]!, attrs['mode'] === 'symmetric');
        name = g.op('Gather', [name, g.model.constant(indices, [indices.length], 'int32')], { axis });
      });
      return g.val(name, outputs[0]!);
    },
  },

  Concat: {
    inputs: '*',
    infer(inputs, attrs) {
      const axis = axisOf(attrs, inputs[0]!.shape.length);
      const shapes = inputs.map((x) => [...x.shape]);
      backend_util.assertParamsConsistent(shapes, axis);
      return { shape: backend_util.computeOutShape(shapes, axis), dtype: inputs[0]!.dtype };
    },
    lower(g, inputs, { attrs, outputs }) {
      const axis = axisOf(attrs, inputs[0]!.rank);
      const whole = inputs.filter((x) => x.size > 0);
      if (whole.length === 0) return g.view(inputs[0]!, outputs[0]!.shape);
      if (whole.every(onlyNchw)) {
        const names = whole.map((x) => g.nchw(x));
        return g.valNchw(g.op('Concat', names, { axis: [0, 2, 3, 1][axis]! }), outputs[0]!);
      }
      const join = (): string =>
        g.op(
          'Concat',
          whole.map((x) => g.plain(x)),
          { axis },
        );
      const images = whole.every((x) => x.rank === 4 && x.dtype === 'float32');
      if (!g.cpu || !images || axis !== 3) return g.val(join(), outputs[0]!);
      return joined(whole, new Val(outputs[0]!, undefined, undefined), join);
    },
  },

  SplitV: {
    inputs: ['x'],
    many: true,
    infer([x], attrs) {
      const axis = axisOf(attrs, x!.shape.length);
      const sizes = backend_util.prepareSplitSize(
        x as never,
        attrs['numOrSizeSplits'] as number | number[],
        axis,
      );
      return sizes.map((size) => ({ shape: x!.shape.with(axis, size), dtype: x!.dtype }));
    },
    lower(g, [x], { attrs, outputs }) {
      const axis = axisOf(attrs, x!.rank);
      const sizes = g.model.ints(outputs.map((out) => out.shape[axis]!));
      const names = g.model.nodes('Split', [g.plain(x!), sizes], outputs.length, { axis });
      return names.map((name, k) => g.val(name, outputs[k]!));
    },
  },

  Pack: {
    inputs: '*',
    infer(inputs, attrs) {
      const { shape, dtype } = inputs[0]!;
      for (const other of inputs) {
        util.assertShapesMatch([...shape], [...other.shape], 'Tensors to stack must have one shape: ');
        util.assert(
          dtype === other.dtype,
          () => `Tensors to stack must have one dtype, not ${dtype} and ${other.dtype}.`,
        );
      }
      return { shape: shape.toSpliced(axisOf(attrs, shape.length + 1), 0, inputs.length), dtype };
    },
    lower(g, inputs, { attrs, outputs }) {
      const axis = axisOf(attrs, inputs[0]!.rank + 1);
      const slices = inputs.map((x) => g.plain(g.view(x, x.shape.toSpliced(axis, 0, 1))));
      return g.val(g.op('Concat', slices, { axis }), outputs[0]!);
    },
  },

  Unpack: {
    inputs: ['value'],
    many: true,
    infer([value], attrs) {
      const axis = axisOf(attrs, value!.shape.length);
      const shape = value!.shape.toSpliced(axis, 1);
      return Array.from({ length: value!.shape[axis]! }, () => ({ shape, dtype: value!.dtype }));
    },
    lower(g, [value], { attrs, outputs }) {
      const axis = axisOf(attrs, value!.rank);
      const sizes = g.model.ints(outputs.map(() => 1));
      const names = g.model.nodes('Split', [g.plain(value!), sizes], outputs.length, { axis });
      return names.map((name, k) => g.val(g.reshape(name, outputs[k]!.shape), outputs[k]!));
    },
  },

  Tile: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: x!.shape.map((d, k) => d * list(attrs, 'reps')[k]!), dtype: x!.dtype }),
    lower: (g, [x], { attrs, outputs }) =>
      g.val(g.op('Tile', [g.plain(x!), g.model.ints(list(attrs, 'reps'))]), outputs[0]!),
  },

  BroadcastTo: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: list(attrs, 'shape'), dtype: x!.dtype }),
    lower: (g, [x], { outputs }) => g.val(g.expand(g.plain(x!), outputs[0]!.shape), outputs[0]!),
  },

  Transpose: {
    inputs: ['x'],
    infer: ([x], attrs) => ({ shape: list(attrs, 'perm').map((p) => x!.shape[p]!), dtype: x!.dtype }),
    lower: (g, [x], { attrs, outputs }) => g.val(g.transpose(g.plain(x!), list(attrs, 'perm')), outputs[0]!),
  },

  Reverse: {
    inputs: ['x'],
    infer([x], attrs) {
      reversedAxes(x!, attrs);
      return x!;
    },
    lower(g, [x], { attrs, outputs }) {
      const axes = reversedAxes(x!, attrs);
      if (axes.length === 0 || x!.rank === 0) return x!;
      const every = (value: number): number[] => axes.map(() => value);
      return g.val(g.slice(g.plain(x!), every(-1), every(-(2 ** 31)), axes, every(-1)), outputs[0]!);
    },
  },

  SpaceToBatchND: {
    inputs: ['x'],
    infer([x], attrs) {
      const block = list(attrs, 'blockShape');
      const { before, after } = spacePaddings(x!, attrs, 'paddings');
      const shape = x!.shape.map((d, k) => d + before[k]! + after[k]!);
      const factor = block.reduce((a, b) => a * b, 1);
      return {
        shape: [shape[0]! * factor, ...shape.slice(1).map((d, k) => d / (block[k] ?? 1))],
        dtype: x!.dtype,
      };
    },
    lower(g, [x], { attrs, outputs }) {
      const block = list(attrs, 'blockShape');
      const { before, after } = spacePaddings(x!, attrs, 'paddings');
      const shape = x!.shape.map((d, k) => d + before[k]! + after[k]!);
      const spread = [
        shape[0]!,
        ...block.flatMap((b, k) => [shape[k + 1]! / b, b]),
        ...shape.slice(1 + block.length),
      ];
      const rest = spread.slice(1 + 2 * block.length).map((_, k) => 1 + 2 * block.length + k);
      const perm = [...block.map((_, k) => 2 * k + 2), 0, ...block.map((_, k) => 2 * k + 1), ...rest];
      const input = moving(g, x!, (name, type) => g.pad(name, before, after, 0, type));
      return g.val(g.reshape(g.transpose(g.reshape(input, spread), perm), outputs[0]!.shape), outputs[0]!);
    },
  },

  BatchToSpaceND: {
    inputs: ['x'],
    infer([x], attrs) {
      const block = list(attrs, 'blockShape');
      const { before, after } = spacePaddings(x!, attrs, 'crops');
      const factor = block.reduce((a, b) => a * b, 1);
      const grown = x!.shape.map((d, k) => (k === 0 ? d / factor : d * (block[k - 1] ?? 1)));
      return { shape: grown.map((d, k) => d - before[k]! - after[k]!), dtype: x!.dtype };
    },
    lower(g, [x], { attrs, outputs }) {
      const block = list(attrs, 'blockShape');
      const { before } = spacePaddings(x!, attrs, 'crops');
      const batch = x!.shape[0]! / block.reduce((a, b) => a * b, 1);
      const space = x!.shape.slice(1, 1 + block.length);
      const spread = [...block, batch, ...x!.shape.slice(1)];
      const rest = x!.shape.slice(1 + block.length).map((_, k) => 2 * block.length + 1 + k);
      const perm = [block.length, ...block.flatMap((_, k) => [block.length + 1 + k, k]), ...rest];
      const grown = [batch, ...space.map((d, k) => d * block[k]!), ...x!.shape.slice(1 + block.length)];
      const y = g.reshape(g.transpose(g.reshape(g.plain(x!), spread), perm), grown);
      const end = outputs[0]!.shape.map((d, k) => d + before[k]!);
      return g.val(g.slice(y, before, end), outputs[0]!);
    },
  },

  DepthToSpace: {
    inputs: ['x'],
    infer([x], attrs) {
      const block = Number(attrs['blockSize']);
      const [n, a, b, c] = x!.shape as [number, number, number, number];
      const shape =
        attrs['dataFormat'] === 'NCHW'
          ? [n, a / block ** 2, b * block, c * block]
          : [n, a * block, b * block, c / block ** 2];
      return { shape, dtype: x!.dtype };
    },
    lower(g, [x], { attrs, outputs }) {
      const blocksize = Number(attrs['blockSize']);
      if (attrs['dataFormat'] === 'NCHW') {
        return g.val(g.op('DepthToSpace', [g.plain(x!)], { blocksize, mode: 'DCR' }), outputs[0]!);
      }
      return g.valNchw(g.op('DepthToSpace', [g.nchw(x!)], { blocksize, mode: 'DCR' }), outputs[0]!);
    },
  },
};

const reversedAxes = (x: Spec, attrs: NamedAttrMap): number[] =>
  util.parseAxisParam(attrs['dims'] as number | number[], [...x.shape]);

/** Paddings or crops of the block axes, completed with zeros for the batch and the remaining axes. */
function spacePaddings(x: Spec, attrs: NamedAttrMap, name: string): { before: number[]; after: number[] } {
  const pairs = attrs[name] as unknown as [number, number][];
  const at = (side: 0 | 1): number[] => x.shape.map((_, k) => pairs[k - 1]?.[side] ?? 0);
  return { before: at(0), after: at(1) };
}
