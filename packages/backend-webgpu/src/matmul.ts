// Matrix products with a long common axis: where tfjs would add with atomics, which gives other bits each
// time, the sum is split in a fixed order.

import { env, util } from '@tensorflow/tfjs-core';
import type { Kernel } from './kernel.ts';
import { splitProduct } from './split-product.ts';

/** From this length of the common axis on, tfjs adds the parts of a product with atomics. */
const LONG = 2000;

export const batchMatMul: Kernel = ({ inputs, attrs, backend }) => {
  const a = inputs['a']!;
  const b = inputs['b']!;
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [m, p] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const n = transposeB ? bRows : bColumns;
  const batch = util.sizeFromShape(a.shape.slice(0, -2)) * util.sizeFromShape(b.shape.slice(0, -2));
  const tiles = Math.ceil(m / 32) * Math.ceil(n / 32);
  const few = tiles <= FEW * (m <= 8 ? 2 : 1);
  if (batch !== 1 || p < LONG || !few || m * n <= 128) return undefined;
  if (a.dtype !== 'float32' || b.dtype !== 'float32' || env().getNumber(CHOSEN) >= 0) return undefined;
  const outer = a.shape.length >= b.shape.length ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
  return splitProduct(
    backend,
    {
      m,
      n,
      p,
      operands: { A: a, B: b },
      uniforms: {},
      key: `matMul${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`,
      readers: `
fn readA(p : i32, m : i32) -> f32 { return A[${transposeA ? 'p * uniforms.rows + m' : 'm * uniforms.depth + p'}]; }
fn readB(p : i32, n : i32) -> f32 { return B[${transposeB ? 'n * uniforms.depth + p' : 'p * uniforms.columns + n'}]; }`,
    },
    [...outer, m, n],
  );
};

/** tfjs's own threshold, at its largest (it depends on the make of the GPU). */
const FEW = 16;
/** A person's choice of program stands. */
const CHOSEN = 'WEBGPU_MATMUL_PROGRAM_TYPE';
