import type { Rng } from './rng.ts';

/** How a tensor starts. */
export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'truncated-normal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly limit: number }
  | { readonly kind: 'orthogonal' };

export const zeros: Initializer = { kind: 'constant', value: 0 };
export const ones: Initializer = { kind: 'constant', value: 1 };

/** Normal with variance 2 / fan-out (He et al. 2015), for a convolution kernel [kh, kw, in, out]. */
export function kaimingFanOut([kh, kw, , out]: readonly [number, number, number, number]): Initializer {
  return { kind: 'normal', std: Math.sqrt(2 / (kh * kw * out)) };
}

/** Uniform within 1 / sqrt(fan-in): what PyTorch's linear layer starts with, weight and bias. */
export function uniformFanIn(fanIn: number): Initializer {
  return { kind: 'uniform', limit: 1 / Math.sqrt(fanIn) };
}

/** Uniform within sqrt(6 / (fan-in + fan-out)) (Glorot & Bengio 2010). */
export function xavierUniform(fanIn: number, fanOut: number): Initializer {
  return { kind: 'uniform', limit: Math.sqrt(6 / (fanIn + fanOut)) };
}

/** Draws the values of a tensor, row-major. */
export function initialValues(init: Initializer, shape: readonly number[], rng: Rng): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  switch (init.kind) {
    case 'constant':
      return new Float32Array(size).fill(init.value);
    case 'normal':
      return rng.normals(size, init.std);
    case 'truncated-normal':
      return truncatedNormals(size, init.std, rng);
    case 'uniform':
      return rng.uniforms(size, -init.limit, init.limit);
    case 'orthogonal':
      return orthogonal(shape, rng);
  }
}

/** Normal numbers, redrawn while they lie further than two standard deviations out. */
function truncatedNormals(size: number, std: number, rng: Rng): Float32Array {
  const values = rng.normals(size, std);
  for (let i = 0; i < size; i++) {
    while (Math.abs(values[i]!) > 2 * std) values[i] = rng.normals(1, std)[0]!;
  }
  return values;
}

/**
 * Orthonormal rows or columns, whichever are fewer (Saxe et al. 2014), by Gram-Schmidt in double
 * precision. For [rows, n * rows] each square block is orthogonal by itself, as the gates of an LSTM need.
 */
function orthogonal(shape: readonly number[], rng: Rng): Float32Array {
  const [rows, columns] = shape as readonly [number, number];
  const values = new Float32Array(rows * columns);
  for (let first = 0; first < columns; first += rows) {
    const width = Math.min(rows, columns - first);
    const basis: Float64Array[] = [];
    while (basis.length < width) {
      const v = Float64Array.from(rng.normals(rows, 1));
      // Twice, because one pass loses orthogonality to rounding.
      for (const b of [...basis, ...basis]) {
        const overlap = dot(v, b);
        for (let i = 0; i < rows; i++) v[i]! -= overlap * b[i]!;
      }
      const norm = Math.sqrt(dot(v, v));
      if (norm > 1e-6) basis.push(v.map((x) => x / norm));
    }
    basis.forEach((b, j) => {
      for (let i = 0; i < rows; i++) values[i * columns + first + j] = b[i]!;
    });
  }
  return values;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
