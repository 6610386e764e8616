// What a training step has alive at once, counted over its kernels in the order in which ONNX Runtime runs them.

import { batchNorm, conv2d, crossEntropy, Rng, startBackend, valueAndGrad } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { onnx } from './adapter.ts';
import { peakBytes } from './arenas.ts';
import type { OnnxBackend } from './backend.ts';
import type { Call } from './call.ts';
import { buildGraph, type Graph } from './graph.ts';

const BLOCKS = [3, 4, 6, 3];
const BATCH = 4;
const SIDE = 32;
const WIDTH = 8;

/** The bottlenecks of ResNet-50 with an eighth of its channels, and parameters made as they are asked for. */
class Bottlenecks {
  readonly params: Record<string, tf.Tensor> = {};
  /** Bytes of the images that a convolution or a normalisation makes, and that backpropagation reads. */
  kept = 0;
  readonly #rng = Rng.fromSeed(5);

  #param(name: string, shape: number[], value?: number): tf.Tensor {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = (): Float32Array =>
      value === undefined ? this.#rng.normals(size, 0.1) : new Float32Array(size).fill(value);
    return (this.params[name] ??= tf.keep(tf.tensor(values(), shape)));
  }

  #convolve(name: string, x: tf.Tensor4D, outputs: number, side: number, stride = 1): tf.Tensor {
    const kernel = this.#param(`${name}.weight`, [side, side, x.shape[3], outputs]);
    const y = conv2d(x, kernel as tf.Tensor4D, { stride, pad: side >> 1 });
    this.kept += 4 * y.size;
    const affine = {
      gain_C: this.#param(`${name}.gain`, [outputs], 1) as tf.Tensor1D,
      offset_C: this.#param(`${name}.offset`, [outputs], 0) as tf.Tensor1D,
    };
    const running = {
      mean_C: tf.zeros([outputs]) as tf.Tensor1D,
      variance_C: tf.ones([outputs]) as tf.Tensor1D,
    };
    return batchNorm(y, affine, running).y;
  }

  #relu(x: tf.Tensor): tf.Tensor4D {
    this.kept += 4 * x.size;
    return tf.relu(x) as tf.Tensor4D;
  }

  logits(images: tf.Tensor4D): tf.Tensor {
    let x = this.#relu(this.#convolve('stem', images, WIDTH, 3));
    BLOCKS.forEach((count, stage) => {
      for (let k = 0; k < count; k++) {
        const [name, width] = [`${stage}.${k}`, WIDTH * 2 ** stage];
        const stride = k === 0 && stage > 0 ? 2 : 1;
        const narrow = this.#relu(this.#convolve(`${name}.1`, x, width, 1));
        const seen = this.#relu(this.#convolve(`${name}.2`, narrow, width, 3, stride));
        const wide = this.#convolve(`${name}.3`, seen, 4 * width, 1);
        const shortcut = k === 0 ? this.#convolve(`${name}.0`, x, 4 * width, 1, stride) : x;
        x = this.#relu(tf.add(wide, shortcut));
      }
    });
    return tf.matMul(
      tf.mean(x, [1, 2]) as tf.Tensor2D,
      this.#param('classes', [x.shape[3], 10]) as tf.Tensor2D,
    );
  }
}

/** The graph of the step that `f` records. */
async function graphOf(f: () => tf.TensorContainer): Promise<Graph> {
  const backend = tf.backend() as unknown as OnnxBackend;
  await backend.sync();
  const made = tf.tidy(f);
  const graph = buildGraph(backend.recorder.take());
  // It is not run.
  backend.recorder.done(graph.calls);
  tf.dispose(made);
  return graph;
}

/**
 * ONNX Runtime's default order, without its priorities: a walk from results that nothing reads back to what they need,
 * the highest index first, which runs a node when all that it needs has run.
 */
function executed(calls: readonly Call[]): Call[] {
  const index = new Map(calls.map((call, k) => [call, k]));
  const maker = new Map(calls.flatMap((call) => call.outputs.map((entry) => [entry, call])));
  const needs = (call: Call): Call[] =>
    [...new Set(call.inputs.flatMap((entry) => maker.get(entry) ?? []))].sort(
      (a, b) => index.get(a)! - index.get(b)!,
    );
  const read = new Set(calls.flatMap(needs));
  const stack = calls.filter((call) => !read.has(call)).map((call) => ({ call, leave: false }));
  const visited = new Set<Call>();
  const order: Call[] = [];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { call, leave } = next;
    if (leave) order.push(call);
    if (leave || visited.has(call)) continue;
    visited.add(call);
    stack.push({ call, leave: true }, ...needs(call).map((need) => ({ call: need, leave: false })));
  }
  return order;
}

test('a step of a deep residual network keeps what backpropagation reads, once, and little else', async () => {
  await startBackend(onnx, { threads: 1 });
  const images = tf.tensor4d(Rng.fromSeed(6).normals(BATCH * SIDE * SIDE * 3, 1), [BATCH, SIDE, SIDE, 3]);
  const labels = tf.tensor1d([0, 1, 2, 3], 'int32');
  const network = new Bottlenecks();
  tf.dispose(tf.tidy(() => network.logits(images)));
  const { params, kept } = network;
  const weights = Object.values(params).reduce((sum, { size }) => sum + 4 * size, 0);
  const graph = await graphOf(() => {
    const loss = (): tf.Scalar => crossEntropy(network.logits(images) as tf.Tensor2D, labels);
    const { value, grads } = valueAndGrad(() => ({ value: loss(), aux: {} }), params, Object.keys(params));
    return [value, Object.keys(params).map((name) => tf.sub(params[name]!, tf.mul(grads[name]!, 0.1)))];
  });

  const order = executed(graph.calls);
  const at = new Map(order.map((call, k) => [call, k]));
  expect(at.size).toBe(graph.calls.length);
  for (const call of order)
    for (const { maker } of call.inputs)
      if (maker !== undefined && at.has(maker)) expect(at.get(maker)).toBeLessThan(at.get(call)!);

  const peak = peakBytes({ calls: order, outputs: graph.outputs });
  expect(peak).toBeGreaterThan(kept);
  expect(peak).toBeLessThan(1.1 * kept + weights);
  // Nothing is to be gained by the order in which kernels were recorded.
  expect(peak).toBeLessThan(1.02 * peakBytes(graph));
});
