// The oracle of every kernel: the same program, on the same values, on tfjs's pure-JavaScript backend.

import '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect } from 'vitest';
import { onnx } from '../src/adapter.ts';

/** A seeded source of shapes and values (mulberry32). */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from low to high, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }

  bool(): boolean {
    return this.next() < 0.5;
  }

  shape(rank: number, largest = 5): number[] {
    return Array.from({ length: rank }, () => this.int(1, largest));
  }

  /** Two or more shapes that broadcast against each other. */
  broadcastable(count: number): number[][] {
    const full = this.shape(this.int(0, 4));
    return Array.from({ length: count }, () => {
      const shape = full.slice(this.int(0, full.length));
      return shape.map((d) => (this.next() < 0.3 ? 1 : d));
    });
  }
}

export interface Input {
  readonly values: readonly number[];
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}

/** Reals of roughly unit size, integers from -5 to 5, or booleans; multiples of `grid` when one is given. */
export function random(
  draw: Draw,
  shape: readonly number[],
  dtype: tf.DataType = 'float32',
  low = -2,
  high = 2,
): Input {
  const size = shape.reduce((a, b) => a * b, 1);
  const value = (): number => {
    if (dtype === 'bool') return Number(draw.bool());
    return dtype === 'int32' ? draw.int(-5, 5) : low + (high - low) * draw.next();
  };
  return { values: Array.from({ length: size }, value), shape, dtype };
}

export const ints = (draw: Draw, shape: readonly number[], low: number, high: number): Input => ({
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.int(low, high)),
  shape,
  dtype: 'int32',
});

type Program = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

interface Result {
  readonly shape: number[];
  readonly dtype: tf.DataType;
  readonly values: number[];
}

async function evaluate(
  backend: 'cpu' | 'onnx',
  program: Program,
  inputs: readonly Input[],
): Promise<Result[]> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const given = inputs.map(({ values, shape, dtype }) =>
    tf.tensor(values as number[], shape as number[], dtype),
  );
  const made = tf.tidy(() => program(...given));
  const outputs = Array.isArray(made) ? made : [made];
  const results: Result[] = [];
  for (const out of outputs)
    results.push({ shape: out.shape, dtype: out.dtype, values: [...(await out.data())] });
  tf.dispose([...given, ...outputs]);
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
  return results;
}

export interface OracleOptions {
  /** Also compare the gradient for every input (all must be float32). */
  readonly gradient?: boolean;
  readonly rtol?: number;
  readonly atol?: number;
}

/** Expects `program` to give the same shapes, dtypes and values on `onnx` as on `cpu`. */
export async function agrees(
  program: Program,
  inputs: readonly Input[],
  { gradient = false, rtol = 1e-4, atol = 1e-5 }: OracleOptions = {},
): Promise<void> {
  await onnx.start();
  await compare(program, inputs, rtol, atol);
  if (gradient) await compare(gradientsOf(program), inputs, rtol, atol);
}

async function compare(
  program: Program,
  inputs: readonly Input[],
  rtol: number,
  atol: number,
): Promise<void> {
  const [expected, found] = [await evaluate('cpu', program, inputs), await evaluate('onnx', program, inputs)];
  const specs = (results: Result[]): string[] =>
    results.map(({ shape, dtype }) => `${dtype}[${shape.join()}]`);
  expect(specs(found)).toEqual(specs(expected));
  expected.forEach(({ values }, k) => {
    values.forEach((want, i) => {
      const got = found[k]!.values[i]!;
      const close =
        Object.is(want, got) || want === got || Math.abs(want - got) <= atol + rtol * Math.abs(want);
      if (!close)
        expect.fail(
          `output ${k}, element ${i}: expected ${want}, found ${got}; inputs ${JSON.stringify(inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`))}`,
        );
    });
  });
}

/** All gradients of a weighted sum of the program's outputs; the weights differ from element to element. */
function gradientsOf(program: Program): Program {
  return (...inputs) =>
    tf.grads((...xs: tf.Tensor[]) => {
      const made = program(...xs);
      const outputs = Array.isArray(made) ? made : [made];
      const parts = outputs.map((out) => tf.sum(tf.mul(out, ramp(out.shape))));
      return tf.addN(parts) as tf.Scalar;
    })(inputs);
}

function ramp(shape: number[]): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Array.from({ length: size }, (_, k) => 0.5 + ((k * 7919) % 13) / 13),
    shape,
  );
}

/** Runs `body` with `count` independent sources. */
export async function forSeeds(count: number, body: (draw: Draw) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= count; seed++) {
    await body(new Draw(seed * 7717)).catch((error: unknown) => {
      if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`;
      throw error;
    });
  }
}
