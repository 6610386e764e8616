// The reference that every backend is compared with: tfjs's pure JavaScript kernels as they come, kept as a
// backend of their own before an adapter replaces any.

import * as tf from '@tensorflow/tfjs-core';
import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';

export const REFERENCE = 'reference';

tf.registerBackend(REFERENCE, () => {
  const backend = new MathBackendCPU();
  // On its first use in Node, tfjs recommends another backend in five lines on the console.
  (backend as unknown as { firstUse: boolean }).firstUse = false;
  return backend;
});
tf.copyRegisteredKernels('cpu', REFERENCE);

/** Runs `f` with `backend` as tfjs's current one, then goes back to the one before. */
export async function on<T>(backend: string, f: () => Promise<T> | T): Promise<T> {
  const before = tf.engine().backendName;
  await tf.setBackend(backend);
  try {
    return await f();
  } finally {
    if (before !== undefined && before !== null) await tf.setBackend(before);
  }
}

/** Runs `f` on the reference. */
export function onReference<T>(f: () => Promise<T> | T): Promise<T> {
  return on(REFERENCE, f);
}
