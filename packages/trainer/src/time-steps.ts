// How long the steps of a method take: the trainer itself, on a budget made for measuring.

import type { Batch, Method, Task } from '@ma-net/core';
import { fit } from './fit.ts';
import { openMethod } from './open-method.ts';
import type { TrainingOptions } from './options.ts';
import { disposeState, initialState } from './state.ts';

export interface TimeStepsOptions<B extends Batch> {
  readonly task: Task<B>;
  /** The method with rounds of `length` mini-batches, the first one being for nothing but compiling. */
  readonly method: (length: number) => Method;
  /** Rounds to run, the first one included. */
  readonly rounds: number;
  /** Makes a mini-batch; the trainer disposes it. */
  readonly batch: () => B;
  /** Steps of each kind that are timed. */
  readonly steps: number;
  /** Steps before them that are not: a backend may compile. */
  readonly warmUp: number;
  /**
   * Seconds, from any zero: then a step takes what passes from the end of one to the end of the next, with all that a
   * training does in between. Unless given, a step is what the trainer says of it, by the clock on the wall.
   */
  readonly clock?: () => number;
}

/** Seconds of single steps, by kind of round. Trains a fresh network. Needs a started backend. */
export async function timeSteps<B extends Batch>({
  task: given,
  method,
  rounds,
  batch,
  steps,
  warmUp,
  clock,
}: TimeStepsOptions<B>): Promise<Readonly<Record<string, readonly number[]>>> {
  const length = warmUp + steps;
  const times: Record<string, number[]> = {};
  let last = 0;
  const options: TrainingOptions = {
    seed: 0,
    budget: rounds * length,
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
    // Small, because the images may be noise: the numbers stay finite, and cost what others cost.
    learningRate: 1e-3,
    schedule: { name: 'constant' },
  };
  const { task, training } = openMethod(method(length), given, { batchesPerEpoch: length }, options);
  const state = initialState(task, training, 0);
  await fit({
    task,
    training,
    state,
    source: {
      batchesPerEpoch: length,
      next: async () => batch(),
      state: () => null,
      restore: () => undefined,
      close: async () => undefined,
    },
    options,
    listen(event) {
      if (event.type !== 'step') return;
      const now = clock?.() ?? 0;
      const seconds = clock === undefined ? event.seconds : now - last;
      last = now;
      const position = event.step - 1 - event.round.start;
      if (event.round.index === 0 || position < warmUp) return;
      (times[event.round.kind] ??= []).push(seconds);
    },
  });
  disposeState(state);
  training.dispose?.();
  return times;
}
