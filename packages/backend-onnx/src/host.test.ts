// Kernels that say more of themselves than tfjs asks.

import { type HostInput, type HostKernel, startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { onnx } from './adapter.ts';

interface Host {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
  write(values: Float32Array, shape: number[], dtype: tf.DataType): object;
}

const KERNEL = 'NegativesForATest';
/** For every time that it ran: which inputs were its own, and how it was called. */
let ran: { readonly how: 'now' | 'later'; readonly last: readonly (boolean | undefined)[] }[] = [];

function negatives(inputs: readonly HostInput[], backend: unknown): tf.TensorInfo[] {
  const host = backend as Host;
  return inputs.map(({ dataId, shape, dtype, last }) => {
    const { values } = host.data.get(dataId);
    const own = last === true ? values : values.slice();
    own.forEach((x, i) => (own[i] = -x));
    return { dataId: host.write(own, [...shape], dtype), shape, dtype };
  });
}

beforeAll(async () => {
  await startBackend(onnx, { threads: 1 });
  const kernel: HostKernel = {
    kernelName: KERNEL,
    backendName: 'cpu',
    infer: (inputs) => inputs,
    kernelFunc({ inputs, backend }) {
      const given = Object.values(inputs) as HostInput[];
      ran.push({ how: 'now', last: given.map(({ last }) => last) });
      return negatives(given, backend);
    },
    async later({ inputs, backend }) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      ran.push({ how: 'later', last: inputs.map(({ last }) => last) });
      return negatives(inputs, backend);
    },
  };
  tf.registerKernel(kernel);
});

const negativesOf = (...tensors: tf.Tensor[]): tf.Tensor[] => {
  const out = tf.engine().runKernel(KERNEL, tensors as unknown as tf.NamedTensorMap) as
    | tf.Tensor
    | tf.Tensor[];
  return [out].flat();
};
const read = (tensors: readonly tf.Tensor[]): Promise<number[][]> =>
  Promise.all(tensors.map(async (t) => [...(await t.data())]));

test('a kernel is not run to find shapes that it tells, and is waited for', async () => {
  ran = [];
  const x = tf.add(tf.tensor1d([1, 2]), 1);
  const [y] = negativesOf(x);
  expect(ran).toEqual([]);
  const z = tf.mul(y!, 10);
  expect(await read([z])).toEqual([[-20, -30]]);
  expect(ran.map(({ how }) => how)).toEqual(['later']);
});

test('what is known is computed at once', async () => {
  ran = [];
  const [y] = negativesOf(tf.tensor1d([1, 2]));
  expect(ran).toEqual([{ how: 'now', last: [undefined] }]);
  expect(await read([y!])).toEqual([[-1, -2]]);
});

test('memory is handed over where a graph made it and nobody reads it again', async () => {
  ran = [];
  const w = tf.tensor1d([3, 4]);
  const [free, held, alsoRead, viewed] = [1, 2, 3, 4].map((by) => tf.mul(w, by));
  const view = tf.reshape(viewed!, [2, 1]);
  const out = negativesOf(free!, held!, alsoRead!, viewed!, w);
  const other = tf.add(alsoRead!, 0);
  tf.dispose([free!, alsoRead!, viewed!]);
  expect(await read(out)).toEqual([
    [-3, -4],
    [-6, -8],
    [-9, -12],
    [-12, -16],
    [-3, -4],
  ]);
  expect(await read([held!, other, view, w])).toEqual([
    [6, 8],
    [9, 12],
    [12, 16],
    [3, 4],
  ]);
  expect(ran).toEqual([{ how: 'later', last: [true, false, false, false, false] }]);
});
