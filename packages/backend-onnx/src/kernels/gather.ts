// Kernels that address by index: gather, scatter, one-hot, segments, counting.

import { backend_util, gather_util, util, type DataType, type NamedAttrMap } from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernel.ts';
import { type Lowering, type Val, onnxType, sizeOf } from '../lower/lowering.ts';
import type { OnnxType } from '../onnx/model.ts';

function gatherInfo(
  x: readonly number[],
  indices: readonly number[],
  attrs: NamedAttrMap,
): ReturnType<typeof backend_util.segment_util.collectGatherOpShapeInfo> {
  const axis = util.parseAxisParam(Number(attrs['axis'] ?? 0), [...x])[0]!;
  const shaped = (shape: readonly number[]): never => ({ shape: [...shape], rank: shape.length }) as never;
  return backend_util.segment_util.collectGatherOpShapeInfo(
    shaped(x),
    shaped(indices),
    axis,
    Number(attrs['batchDims'] ?? 0),
  );
}

const int64 = (g: Lowering, x: Val): string => g.cast(g.plain(x), 'int64');

/**
 * Adds rows `updates` [count, ...] at `indices` [count, depth] into zeros of `shape`. As ScatterElements, which adds one
 * number after the other: ScatterND lets its threads add to one place at a time, and then a row may be lost.
 */
function scatterAdd(
  g: Lowering,
  indices: string,
  updates: string,
  shape: readonly number[],
  { count, depth, type }: { readonly count: number; readonly depth: number; readonly type: OnnxType },
): string {
  const [places, row] = [shape.slice(0, depth), sizeOf(shape.slice(depth))];
  const strides = BigInt64Array.from(places, (_, k) => BigInt(sizeOf(places.slice(k + 1))));
  const place =
    depth === 1
      ? indices
      : g.op('ReduceSum', [
          g.op('Mul', [indices, g.model.constant(strides, [depth], 'int64')]),
          g.model.ints([1]),
        ]);
  const at = g.expand(g.cast(g.reshape(place, [count, 1]), 'int32'), [count, row]);
  const zeros = g.expand(g.model.scalar(0, type), [sizeOf(places), row]);
  const sums = g.op('ScatterElements', [zeros, at, g.reshape(updates, [count, row])], {
    axis: 0,
    reduction: 'add',
  });
  return g.reshape(sums, shape);
}

/** bool cannot be added; it is scattered as int32. */
function addable(g: Lowering, x: Val): { name: string; type: OnnxType } {
  const type = x.dtype === 'bool' ? 'int32' : onnxType(x.dtype);
  return { name: type === x.dtype ? g.plain(x) : g.cast(g.plain(x), type), type };
}

/** Where the last axis of `indices`, one longer than before, equals the position on that axis. */
function oneHot(g: Lowering, indices: Val, depth: number): string {
  const positions = g.model.constant(
    Int32Array.from({ length: depth }, (_, k) => k),
    [depth],
    'int32',
  );
  const column = g.view(indices, [...indices.shape, 1]);
  const name = indices.dtype === 'int32' ? g.plain(column) : g.cast(g.plain(column), 'int32');
  return g.op('Equal', [name, positions]);
}

/** Index tuples [..., depth] and the rows they address, flattened to two dimensions as tfjs validates them. */
function scattered(
  indices: Val,
  shape: readonly number[],
): { depth: number; count: number; slice: readonly number[] } {
  const depth = indices.rank > 1 ? indices.shape.at(-1)! : 1;
  return { depth, count: indices.size / depth, slice: shape.slice(depth) };
}

export const gather: KernelTable = {
  GatherV2: {
    inputs: ['x', 'indices'],
    infer: ([x, indices], attrs) => ({
      shape: gatherInfo(x!.shape, indices!.shape, attrs).outputShape,
      dtype: x!.dtype,
    }),
    lower(g, [x, indices], { attrs, outputs }) {
      const { batchSize, outerSize, dimSize, sliceSize } = gatherInfo(x!.shape, indices!.shape, attrs);
      const at = indices!.dtype === 'int32' ? g.plain(indices!) : g.cast(g.plain(indices!), 'int32');
      if (batchSize === 1) {
        const source = g.view(x!, [outerSize, dimSize, sliceSize]);
        const flat = g.reshape(at, [indices!.size]);
        const y = g.op('Gather', [g.plain(source), flat], { axis: 1 });
        return g.val(g.reshape(y, outputs[0]!.shape), outputs[0]!);
      }
      // Rows of every batch and outer position in one table; indices move to their part of it.
      const rows = g.view(x!, [batchSize * outerSize * dimSize, sliceSize]);
      const starts = Int32Array.from({ length: batchSize * outerSize }, (_, k) => k * dimSize);
      const offsets = g.model.constant(starts, [batchSize, outerSize, 1], 'int32');
      const perBatch = g.reshape(at, [batchSize, 1, indices!.size / batchSize]);
      const y = g.op('Gather', [g.plain(rows), g.op('Add', [perBatch, offsets])], { axis: 0 });
      return g.val(g.reshape(y, outputs[0]!.shape), outputs[0]!);
    },
  },

  GatherNd: {
    inputs: ['params', 'indices'],
    infer: ([params, indices]) => ({
      shape: gather_util.prepareAndValidate(params as never, indices as never)[0],
      dtype: params!.dtype,
    }),
    lower: (g, [params, indices], { outputs }) =>
      g.val(g.op('GatherND', [g.plain(params!), int64(g, indices!)]), outputs[0]!),
  },

  ScatterNd: {
    inputs: ['indices', 'updates'],
    infer: ([, updates], attrs) => ({ shape: attrs['shape'] as number[], dtype: updates!.dtype }),
    lower(g, [indices, updates], { outputs }) {
      const out = outputs[0]!;
      const { depth, count } = scattered(indices!, out.shape);
      const { name, type } = addable(g, updates!);
      const at = g.reshape(int64(g, indices!), [count, depth]);
      const y = scatterAdd(g, at, name, out.shape, { count, depth, type });
      return g.val(type === out.dtype ? y : g.cast(y, onnxType(out.dtype)), out);
    },
  },

  TensorScatterUpdate: {
    inputs: ['tensor', 'indices', 'updates'],
    infer: ([tensor]) => tensor!,
    lower(g, [tensor, indices, updates], { outputs }) {
      const { depth, count, slice } = scattered(indices!, tensor!.shape);
      const at = g.reshape(int64(g, indices!), [count, depth]);
      const rows = g.reshape(g.plain(updates!), [count, ...slice]);
      return g.val(g.op('ScatterND', [g.plain(tensor!), at, rows]), outputs[0]!);
    },
  },

  SparseToDense: {
    inputs: ['sparseIndices', 'sparseValues', 'defaultValue'],
    infer: ([, values], attrs) => ({ shape: attrs['outputShape'] as number[], dtype: values!.dtype }),
    lower(g, [indices, values, defaultValue], { outputs }) {
      const shape = outputs[0]!.shape;
      const depth = indices!.rank > 1 ? indices!.shape[1]! : 1;
      const count = indices!.rank > 0 ? indices!.shape[0]! : 1;
      const base = g.expand(g.plain(defaultValue!), shape);
      const at = g.reshape(int64(g, indices!), [count, depth]);
      const updates = values!.rank === 0 ? g.expand(g.plain(values!), [count]) : g.plain(values!);
      return g.val(g.op('ScatterND', [base, at, updates]), outputs[0]!);
    },
  },

  OneHot: {
    inputs: ['indices'],
    infer: ([indices], attrs) => ({
      shape: [...indices!.shape, Number(attrs['depth'])],
      dtype: (attrs['dtype'] as DataType | undefined) ?? 'int32',
    }),
    lower(g, [indices], { attrs, outputs }) {
      const type = onnxType(outputs[0]!.dtype);
      const hot = oneHot(g, indices!, Number(attrs['depth']));
      const [on, off] = [Number(attrs['onValue']), Number(attrs['offValue'])];
      if (on === 1 && off === 0) return g.val(g.cast(hot, type), outputs[0]!);
      return g.val(g.op('Where', [hot, g.model.scalar(on, type), g.model.scalar(off, type)]), outputs[0]!);
    },
  },

  UnsortedSegmentSum: {
    inputs: ['x', 'segmentIds'],
    infer: ([x], attrs) => ({ shape: [Number(attrs['numSegments']), ...x!.shape.slice(1)], dtype: x!.dtype }),
    lower(g, [x, ids], { outputs }) {
      const [segments, ...row] = outputs[0]!.shape;
      const { name, type } = addable(g, x!);
      // Ids outside the range belong to no segment: they go to an extra one, which is cut off.
      const at = int64(g, ids!);
      const extra = g.model.int(segments!);
      const outside = g.op('Or', [g.op('Less', [at, g.model.int(0)]), g.op('Greater', [at, extra])]);
      const column = g.reshape(g.op('Where', [outside, extra, at]), [x!.shape[0]!, 1]);
      const sums = scatterAdd(g, column, name, [segments! + 1, ...row], {
        count: x!.shape[0]!,
        depth: 1,
        type,
      });
      return g.val(g.slice(sums, [0], [segments!]), outputs[0]!);
    },
  },

  Bincount: {
    inputs: ['x', 'weights'],
    infer: ([, weights], attrs) => ({ shape: [Number(attrs['size'])], dtype: weights!.dtype }),
    lower(g, [x, weights], { attrs, outputs }) {
      const flat = (t: Val): Val => g.view(t, [t.size]);
      return g.val(counted(g, flat(x!), flat(weights!), attrs), outputs[0]!);
    },
  },

  DenseBincount: {
    inputs: ['x', 'weights'],
    infer: ([x, weights], attrs) => ({
      shape: [...x!.shape.slice(0, -1), Number(attrs['size'])],
      dtype: weights!.dtype,
    }),
    lower: (g, [x, weights], { attrs, outputs }) => g.val(counted(g, x!, weights!, attrs), outputs[0]!),
  },

  Diag: {
    inputs: ['x'],
    infer: ([x]) => ({ shape: [...x!.shape, ...x!.shape], dtype: x!.dtype }),
    lower(g, [x], { outputs }) {
      const n = x!.size;
      const { name, type } = addable(g, x!);
      const identity = Float32Array.from({ length: n * n }, (_, k) => Number(k % (n + 1) === 0));
      const eye = g.cast(g.model.constant(identity, [n, n], 'float32'), 'bool');
      const y = g.op('Where', [eye, g.reshape(name, [n, 1]), g.model.scalar(0, type)]);
      const out = g.reshape(y, outputs[0]!.shape);
      return g.val(type === x!.dtype ? out : g.cast(out, onnxType(x!.dtype)), outputs[0]!);
    },
  },
};

/** Sum of the weights (or ones) of each value of the last axis. */
function counted(g: Lowering, x: Val, weights: Val, attrs: NamedAttrMap): string {
  const size = Number(attrs['size']);
  const type = onnxType(weights.dtype === 'bool' ? 'int32' : weights.dtype);
  let hits = g.cast(oneHot(g, x, size), type);
  if (attrs['binaryOutput'] === true) return g.reduce('ReduceMax', hits, [x.rank - 1], false);
  if (sizeOf(weights.shape) > 0) {
    hits = g.op('Mul', [hits, g.plain(g.view(weights, [...weights.shape, 1]))]);
  }
  return g.reduce('ReduceSum', hits, [x.rank - 1], false);
}
