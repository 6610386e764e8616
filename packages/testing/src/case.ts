// A conformance case is data: how to draw its inputs, and what to compute of them. The suite runs it on the
// backend under test and on the reference, forwards and backwards.

import {
  type HostTensor,
  type Params,
  Rng,
  readParams,
  type RunningBackend,
  uploadParams,
  valueAndGrad,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Numbers } from './closeness.ts';

export interface Case {
  /** `group > what it does`; a skip names it. */
  readonly name: string;
  readonly inputs: (rng: Rng) => Record<string, HostTensor>;
  readonly run: (inputs: Record<string, tf.Tensor>) => tf.Tensor | readonly tf.Tensor[];
  /** Inputs to differentiate with respect to; all float32 ones unless given. */
  readonly wrt?: readonly string[];
}

/** The values of a case on the current backend. */
export async function valuesOf({ name, inputs, run }: Case): Promise<Numbers[]> {
  const tensors = uploadParams(inputs(Rng.fromSeed(1).split(name)));
  const outputs = tf.tidy(() => [run(tensors)].flat());
  const values = await Promise.all(outputs.map(read));
  tf.dispose([tensors, outputs]);
  return values;
}

/** The same of a function made ready for such inputs, called twice; undefined where the backend makes none ready. */
export async function preparedValuesOf(
  { name, inputs, run }: Case,
  { prepare }: Pick<RunningBackend, 'prepare'>,
): Promise<Numbers[] | undefined> {
  if (prepare === undefined) return undefined;
  const tensors = uploadParams(inputs(Rng.fromSeed(1).split(name)));
  // Half of the inputs change from call to call, the others are closed over.
  const [open, closed] = [0, 1].map((side) =>
    Object.fromEntries(Object.entries(tensors).filter((_, k) => k % 2 === side)),
  ) as [Params, Params];
  const ready = prepare((given) => ({ ...[run({ ...closed, ...given })].flat() }) as unknown as Params, open);
  if (ready === undefined) {
    tf.dispose(tensors);
    return undefined;
  }
  const [first, second] = [ready.run(open), ready.run(open)];
  tf.dispose(first as tf.TensorContainerObject);
  const values = await Promise.all(Object.values(second).map(read));
  tf.dispose([tensors, second] as tf.TensorContainer);
  ready.release();
  return values;
}

/** Which inputs of a case the suite differentiates with respect to. */
export function differentiated({ name, inputs, wrt }: Case): readonly string[] {
  if (wrt !== undefined) return wrt;
  const drawn = inputs(Rng.fromSeed(1).split(name));
  return Object.keys(drawn).filter((key) => drawn[key]!.dtype === 'float32');
}

/** The gradients, on the current backend, of a sum of all outputs under random weights. */
export async function gradientsOf(one: Case): Promise<Record<string, Numbers>> {
  const rng = Rng.fromSeed(2).split(one.name);
  const tensors = uploadParams(one.inputs(Rng.fromSeed(1).split(one.name)));
  const weighted = (outputs: readonly tf.Tensor[]): tf.Scalar =>
    tf.addN(
      outputs.map((t, i) => tf.sum(tf.mul(t, tf.tensor(rng.split(i).normals(t.size, 1), t.shape)))),
    ) as tf.Scalar;
  const result = valueAndGrad(
    (params: Params) => ({ value: weighted([one.run({ ...params })].flat()), aux: {} }),
    tensors,
    differentiated(one),
  );
  const grads = await readParams(result.grads);
  tf.dispose([tensors, result.value, result.grads]);
  return grads;
}

async function read(tensor: tf.Tensor): Promise<Numbers> {
  const { shape, dtype } = tensor;
  return { shape, dtype, data: await tensor.data() };
}

/** Normal numbers. */
export function normal(rng: Rng, ...shape: number[]): HostTensor {
  return { shape, dtype: 'float32', data: rng.normals(sizeOf(shape), 1) };
}

/** Numbers between `low` and `high`. */
export function between(rng: Rng, low: number, high: number, ...shape: number[]): HostTensor {
  return { shape, dtype: 'float32', data: rng.uniforms(sizeOf(shape), low, high) };
}

/** Whole numbers from 0 to `below` - 1. */
export function whole(rng: Rng, below: number, ...shape: number[]): HostTensor {
  const data = Int32Array.from({ length: sizeOf(shape) }, () => rng.integer(below));
  return { shape, dtype: 'int32', data };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
