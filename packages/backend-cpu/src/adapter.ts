// tfjs's pure JavaScript backend, with faster kernels where training spends its time.

import type { BackendAdapter, RunningBackend } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { installFastKernels } from './kernels.ts';

let starting: Promise<RunningBackend> | undefined;

/** Runs everywhere and needs nothing; the slowest of the backends. */
export const cpu: BackendAdapter = {
  name: 'cpu',
  priority: 0,
  // Observed over the conformance suite: the reference sums convolutions in single precision.
  tolerance: { rtol: 1e-5, atol: 5e-6 },
  threads: 1,

  async probe() {
    return { ok: true, device: DEVICE };
  },

  async start() {
    starting ??= install();
    const running = await starting;
    await tf.setBackend('cpu');
    return running;
  },
};

const DEVICE = 'plain JavaScript, one thread';

async function install(): Promise<RunningBackend> {
  await import('@tensorflow/tfjs-backend-cpu');
  installFastKernels('cpu');
  // On its first use in Node, tfjs recommends another backend in five lines on the console.
  const backend = tf.engine().findBackend('cpu') as unknown as { firstUse: boolean };
  backend.firstUse = false;
  return {
    name: 'cpu',
    device: DEVICE,
    sync: () => Promise.resolve(),
    facts: () => ({}),
    counters: () => ({}),
  };
}
