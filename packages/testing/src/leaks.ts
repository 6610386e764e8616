import * as tf from '@tensorflow/tfjs-core';

/**
 * Fails when `f` leaves a tensor behind, or the memory of one. `f` runs twice: the first time may fill
 * caches. With an asynchronous `f`, await the result.
 */
export function expectNoLeak(f: () => Promise<unknown>): Promise<void>;
export function expectNoLeak(f: () => void): void;
export function expectNoLeak(f: () => unknown): Promise<void> | void {
  const first = f();
  if (first instanceof Promise) {
    return first.then(async () => {
      const before = alive();
      await f();
      compare(before, alive());
    });
  }
  const before = alive();
  f();
  compare(before, alive());
}

interface Alive {
  readonly tensors: number;
  readonly buffers: number;
}

function alive(): Alive {
  return { tensors: tf.memory().numTensors, buffers: tf.memory().numDataBuffers };
}

function compare(before: Alive, after: Alive): void {
  if (before.tensors === after.tensors && before.buffers === after.buffers) return;
  throw new Error(
    `The function left ${after.tensors - before.tensors} tensors and ${after.buffers - before.buffers} buffers behind.`,
  );
}
