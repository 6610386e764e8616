// A Gaussian process over things that are known by their distances, and where it is worth to look next. Rasmussen & Williams
// 2006, chapters 2 and 5; Jones et al. 1998.

import { erf } from './erf.ts';
import type { Matrix } from './transport.ts';

export interface Kernel {
  /** `exp`: exp(-d / l); `rbf`: exp(-(d / l)^2). */
  readonly kind: 'exp' | 'rbf';
  readonly lengthScale: number;
}

/** The kernel of distances; where those are of no space, negative eigenvalues are set to 0. */
export function kernelMatrix(distances: Matrix, { kind, lengthScale }: Kernel): number[][] {
  const of = (d: number): number => Math.exp(kind === 'exp' ? -d / lengthScale : -((d / lengthScale) ** 2));
  const kernel = distances.map((row) => row.map(of));
  const { values, vectors } = eigen(kernel);
  if (values.every((value) => value >= 0)) return kernel;
  return kernel.map((row, i) =>
    row.map((_, j) =>
      values.reduce((sum, value, k) => sum + Math.max(0, value) * vectors[i]![k]! * vectors[j]![k]!, 0),
    ),
  );
}

/** Eigenvalues and, in columns, eigenvectors of a symmetric matrix (Jacobi's rotations). */
export function eigen(matrix: Matrix): { readonly values: number[]; readonly vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((__, j) => Number(i === j)));
  for (let sweep = 0; sweep < 100; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) off += a[i]![j]! ** 2;
    if (off < 1e-24) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p]![q] === 0) continue;
        const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [kp, kq] = [a[k]![p]!, a[k]![q]!];
          a[k]![p] = c * kp - s * kq;
          a[k]![q] = s * kp + c * kq;
        }
        for (let k = 0; k < n; k++) {
          const [pk, qk] = [a[p]![k]!, a[q]![k]!];
          a[p]![k] = c * pk - s * qk;
          a[q]![k] = s * pk + c * qk;
          const [vp, vq] = [v[k]![p]!, v[k]![q]!];
          v[k]![p] = c * vp - s * vq;
          v[k]![q] = s * vp + c * vq;
        }
      }
    }
  }
  return { values: a.map((row, i) => row[i]!), vectors: v };
}

export interface Posterior {
  /** Of the standardised targets, for what was not observed. */
  readonly mean: number[];
  readonly std: number[];
  /** How much better than the best so far is expected. */
  readonly improvement: number[];
  readonly logLikelihood: number;
}

const LEAST_VARIANCE = 1e-12;

/** What `y`, of the first of the things, says of the others; larger is better. */
export function posterior(kernel: Matrix, y: readonly number[], noise: number): Posterior {
  const n = y.length;
  const mean = y.reduce((a, b) => a + b, 0) / n;
  const spread = Math.sqrt(y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n) || 1;
  const z = y.map((value) => (value - mean) / spread);
  const l = cholesky(
    kernel.slice(0, n).map((row, i) => row.slice(0, n).map((k, j) => k + (i === j ? noise : 0))),
  );
  const weights = backward(l, forward(l, z));
  const best = Math.max(...z);
  const others = kernel.slice(n).map((row, i) => {
    const k = row.slice(0, n);
    const m = k.reduce((sum, value, j) => sum + value * weights[j]!, 0);
    const u = forward(l, k);
    const variance = row[n + i]! - u.reduce((sum, value) => sum + value * value, 0);
    const std = Math.sqrt(Math.max(LEAST_VARIANCE, variance));
    return { m, std, gain: improvementOf(m, std, best) };
  });
  const fit = z.reduce((sum, value, i) => sum + value * weights[i]!, 0);
  const logDet = l.reduce((sum, row, i) => sum + Math.log(row[i]!), 0);
  return {
    mean: others.map(({ m }) => m),
    std: others.map(({ std }) => std),
    improvement: others.map(({ gain }) => gain),
    logLikelihood: -fit / 2 - logDet - (n / 2) * Math.log(2 * Math.PI),
  };
}

/** (m - best) Phi(u) + s phi(u), u = (m - best) / s. */
function improvementOf(mean: number, std: number, best: number): number {
  const u = (mean - best) / std;
  const density = Math.exp((-u * u) / 2) / Math.sqrt(2 * Math.PI);
  return (mean - best) * 0.5 * (1 + erf(u / Math.SQRT2)) + std * density;
}

function cholesky(a: Matrix): number[][] {
  const l = a.map((row) => row.map(() => 0));
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i]![j]!;
      for (let k = 0; k < j; k++) sum -= l[i]![k]! * l[j]![k]!;
      l[i]![j] = i === j ? Math.sqrt(sum) : sum / l[j]![j]!;
    }
  }
  return l;
}

function forward(l: Matrix, b: readonly number[]): number[] {
  const x: number[] = [];
  for (const [i, row] of l.entries())
    x.push((b[i]! - x.reduce((sum, value, k) => sum + row[k]! * value, 0)) / row[i]!);
  return x;
}

function backward(l: Matrix, b: readonly number[]): number[] {
  const x = b.map(() => 0);
  for (let i = b.length - 1; i >= 0; i--) {
    let sum = b[i]!;
    for (let k = i + 1; k < b.length; k++) sum -= l[k]![i]! * x[k]!;
    x[i] = sum / l[i]![i]!;
  }
  return x;
}
