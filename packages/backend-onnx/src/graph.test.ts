import { startBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { OnnxBackend } from './backend.ts';
import { stagesOf } from './graph.ts';
import { onnx } from './adapter.ts';

const HOST = 'SameForATest';

beforeAll(async () => {
  await startBackend(onnx, { threads: 1 });
  tf.registerKernel({
    kernelName: HOST,
    backendName: 'cpu',
    kernelFunc: ({ inputs, backend }) => {
      const { dataId, shape, dtype } = inputs['x']!;
      (backend as unknown as { incRef(id: object): void }).incRef(dataId);
      return { dataId, shape, dtype };
    },
  });
});

const onHost = (x: tf.Tensor): tf.Tensor => tf.engine().runKernel(HOST, { x });

/** The kernels of each stage of what `f` records, and its values. */
async function staged(f: () => tf.Tensor): Promise<{ stages: string[][]; values: number[] }> {
  const backend = tf.backend() as unknown as OnnxBackend;
  await backend.sync();
  const y = tf.tidy(f);
  const { recorder } = backend;
  const { take } = recorder;
  let stages: string[][] = [];
  recorder.take = () => {
    const calls = take.call(recorder);
    if (calls.length > 0)
      stages = stagesOf(calls).map(({ graph, host }) =>
        [...graph, ...host].map((call) => call.signature.name),
      );
    return calls;
  };
  try {
    const values = [...(await y.data())];
    return { stages, values };
  } finally {
    recorder.take = take;
    y.dispose();
  }
}

describe('stages', () => {
  test('a kernel of the host ends one, and its readers are in the next', async () => {
    const x = tf.tensor1d([1, 2]);
    const { stages, values } = await staged(() => tf.sub(onHost(tf.add(x, 1)), 1));
    expect(stages).toEqual([['Add', HOST], ['Sub']]);
    expect(values).toEqual([1, 2]);
  });

  test('what follows from known values alone is computed where it is read', async () => {
    const [x, w] = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20])];
    const { stages, values } = await staged(() => {
      const decayed = tf.square(tf.mul(w, 2));
      return tf.sub(onHost(tf.add(x, 1)), decayed);
    });
    expect(stages).toEqual([
      ['Add', HOST],
      ['Multiply', 'Square', 'Sub'],
    ]);
    expect(values).toEqual([2 - 400, 3 - 1600]);
  });

  test('but not later than by its first reader, and what the host reads stays', async () => {
    const [x, w] = [tf.tensor1d([1, 2]), tf.tensor1d([10, 20])];
    const { stages, values } = await staged(() => {
      const twice = tf.mul(w, 2);
      const first = onHost(tf.add(x, twice));
      return tf.sub(first, tf.add(twice, onHost(tf.square(w))));
    });
    expect(stages).toEqual([
      ['Multiply', 'Add', 'Square', HOST, HOST],
      ['Add', 'Sub'],
    ]);
    expect(values).toEqual([21 - 120, 42 - 440]);
  });
});
