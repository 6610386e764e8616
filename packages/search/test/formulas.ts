// What the fixtures are made of: formulas in place of long lists of numbers (fixtures/README.md).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

export interface Values {
  readonly shape: number[];
  readonly data: number[];
}

export const fixture = <T>(name: string): T =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures', `${name}.json`), 'utf8')) as T;

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const made = (shape: readonly number[], f: (k: number) => number): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => f(i + 1)),
    [...shape],
  );

/** Weights of a layer with `fan` inputs. */
export const W = (shape: readonly number[], fan: number, phase: number): tf.Tensor =>
  made(shape, (k) => Math.sin(0.1 * k * k + phase) / Math.sqrt(fan));
export const G = (n: number, phase: number): tf.Tensor => made([n], (k) => 1 + 0.2 * Math.sin(k + phase));
export const B = (n: number, phase: number): tf.Tensor => made([n], (k) => 0.1 * Math.cos(k + phase));
export const R = (shape: readonly number[], phase: number): tf.Tensor =>
  made(shape, (k) => Math.cos(0.3 * k + phase));
export const X = (shape: readonly number[], phase: number): tf.Tensor =>
  made(shape, (k) => Math.sin(1.7 * k + 0.013 * k * k + phase));

/** Largest difference, relative to the largest number of `expected`. */
export async function farthest(found: tf.Tensor, expected: Values): Promise<number> {
  const values = await found.data();
  if (values.length !== expected.data.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-12, ...expected.data.map(Math.abs));
  return Math.max(...expected.data.map((value, i) => Math.abs(value - values[i]!))) / scale;
}
