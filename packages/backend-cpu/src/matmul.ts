import { broadcast_util } from '@tensorflow/tfjs-core';
import { addProduct } from './gemm.ts';
import { allOf, type FastKernel, valuesOf } from './kernel.ts';

/** a b over the last two axes; the axes before them broadcast. */
export const batchMatMul: FastKernel = (call) => {
  const a = call.inputs['a']!;
  const b = call.inputs['b']!;
  if (!allOf(['float32'], a, b)) return undefined;
  const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const n = transposeB ? bRows : bColumns;
  const [aBatch, bBatch] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
  const [aData, bData] = [valuesOf(call, a), valuesOf(call, b)];
  const [aSteps, bSteps] = [batchSteps(aBatch, batch), batchSteps(bBatch, batch)];
  const count = batch.reduce((x, y) => x * y, 1);
  const c = new Float32Array(count * m * n);
  for (let i = 0; i < count; i++) {
    const [aOffset, bOffset] = [aSteps(i) * m * k, bSteps(i) * k * n];
    addProduct(
      m,
      n,
      k,
      { data: aData, offset: aOffset, row: transposeA ? 1 : k, column: transposeA ? m : 1 },
      { data: bData, offset: bOffset, row: transposeB ? 1 : n, column: transposeB ? k : 1 },
      c,
      i * m * n,
    );
  }
  return call.backend.makeTensorInfo([...batch, m, n], 'float32', c);
};

/** From the index of a matrix in the broadcast batch to its index in a factor of batch `shape`. */
function batchSteps(shape: readonly number[], batch: readonly number[]): (index: number) => number {
  const missing = batch.length - shape.length;
  return (index) => {
    let [rest, result, stride] = [index, 0, 1];
    for (let axis = batch.length - 1; axis >= missing; axis--) {
      const size = shape[axis - missing]!;
      if (size !== 1) result += (rest % batch[axis]!) * stride;
      rest = Math.floor(rest / batch[axis]!);
      stride *= size;
    }
    return result;
  };
}
