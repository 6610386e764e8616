// What a page measures: training steps of the digits' MA-Net on one of the backends that pages have.

import { cpu } from '@ma-net/backend-cpu';
import { onnx } from '@ma-net/backend-onnx';
import { type BackendAdapter, Rng, startBackend } from '@ma-net/core';
import { type ImageBatch, toTensors } from '@ma-net/data';
import { maNetInTurn, ROUNDS_IN_TURN } from '@ma-net/method-ma-net';
import { classification } from '@ma-net/task-classification';
import { createTNet } from '@ma-net/tnet';
import { timeSteps } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { env } from 'onnxruntime-web/wasm';

env.wasm.wasmPaths = '/';

/** As tfjs has it, without the kernels that ours replaces. */
const stock: BackendAdapter = {
  ...cpu,
  start: async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    await tf.setBackend('cpu');
    return {
      name: 'cpu',
      device: 'JavaScript',
      sync: async () => {},
      facts: () => ({}),
      counters: () => ({}),
    };
  },
};

const BACKENDS = { stock, cpu, onnx };

export interface StepsPage {
  /** Seconds of each step, by the kind of round. */
  measure(
    backend: keyof typeof BACKENDS,
    steps: number,
    threads: number,
  ): Promise<Readonly<Record<string, readonly number[]>>>;
}

async function measure(...[name, steps, threads]: Parameters<StepsPage['measure']>) {
  await startBackend(BACKENDS[name], name === 'onnx' ? { threads } : {});
  const network = await createTNet('resnet8-digits', { numClasses: 10, inputShape: [8, 8, 1] });
  const rng = Rng.fromSeed(0);
  const images = rng.normals(64 * 64, 1);
  const labels = Int32Array.from({ length: 64 }, () => rng.integer(10));
  return timeSteps({
    task: classification(network),
    method: maNetInTurn,
    rounds: ROUNDS_IN_TURN,
    batch: (): ImageBatch =>
      toTensors({ images: images.slice(), labels: labels.slice(), shape: [64, 8, 8, 1], count: 64 }),
    steps,
    warmUp: 3,
  });
}

(globalThis as unknown as { page: StepsPage }).page = { measure };
