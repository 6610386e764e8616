// Matrix products.

import { backend_util, type NamedAttrMap, util } from '@tensorflow/tfjs-core';
import type { KernelTable } from '../kernel.ts';
import { type Lowering, type Val } from '../lower/lowering.ts';
import type { Spec } from '../spec.ts';

function productShape(a: readonly number[], b: readonly number[], attrs: NamedAttrMap): number[] {
  const shapes = `[${a.join()}] and [${b.join()}]`;
  util.assert(a.length >= 2 && b.length >= 2, () => `matMul needs two matrices, not shapes ${shapes}.`);
  const [rowsA, innerA] = matrix(a, attrs['transposeA'] === true);
  const [innerB, columnsB] = matrix(b, attrs['transposeB'] === true);
  util.assert(
    innerA === innerB,
    () => `matMul sums over ${innerA} and ${innerB} elements: shapes ${shapes}.`,
  );
  return [...backend_util.assertAndGetBroadcastShape(a.slice(0, -2), b.slice(0, -2)), rowsA, columnsB];
}

/** Rows and columns, after transposition. */
function matrix(shape: readonly number[], transposed: boolean): [number, number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

function lastTwoSwapped(g: Lowering, x: Val, name: string): string {
  const perm = x.shape.map((_, k) => k);
  perm.push(...perm.splice(-2).reverse());
  return g.transpose(name, perm);
}

function product(g: Lowering, a: Val, b: Val, transposeA: boolean, transposeB: boolean, out: Spec): Val {
  const integer = out.dtype !== 'float32';
  const [p, q] = [g.float(a), g.float(b)];
  const swap = (x: Val, name: string, yes: boolean): string => (yes ? lastTwoSwapped(g, x, name) : name);
  const y =
    a.rank === 2 && b.rank === 2 && (transposeA || transposeB)
      ? g.op('Gemm', [p, q], { transA: Number(transposeA), transB: Number(transposeB) })
      : g.op('MatMul', [swap(a, p, transposeA), swap(b, q, transposeB)]);
  return g.val(integer ? g.cast(y, 'int32') : y, out);
}

export const matmul: KernelTable = {
  BatchMatMul: {
    inputs: ['a', 'b'],
    infer: ([a, b], attrs) => ({
      shape: productShape(a!.shape, b!.shape, attrs),
      dtype: a!.dtype,
    }),
    lower: (g, [a, b], { attrs, outputs }) =>
      product(g, a!, b!, attrs['transposeA'] === true, attrs['transposeB'] === true, outputs[0]!),
  },
  Einsum: {
    inputs: '*',
    infer(inputs, attrs) {
      const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(
        attrs['equation'] as string,
        inputs.length,
      );
      backend_util.checkEinsumDimSizes(allDims.length, idDims, inputs as never);
      const kept = allDims.length - summedDims.length;
      const shape = Array.from({ length: kept }, (_, axis) => {
        const k = idDims.findIndex((dims) => dims.includes(axis));
        return inputs[k]!.shape[idDims[k]!.indexOf(axis)]!;
      });
      return { shape, dtype: inputs[0]!.dtype };
    },
    lower: (g, inputs, { attrs, outputs }) =>
      g.val(
        g.op(
          'Einsum',
          inputs.map((x) => g.plain(x)),
          { equation: attrs['equation'] as string },
        ),
        outputs[0]!,
      ),
  },
};
