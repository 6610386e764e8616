// How long the steps of Algorithm 1 take: the trainer itself, on a budget made for measuring.

import type { Batch, Task } from '@ma-net/core';
import type { MNet } from '@ma-net/mnet';
import { fit } from './fit.ts';
import { defaultModulation } from './options.ts';
import { LAST_NEURON_BATCHES } from './rounds.ts';
import { disposeState, initialState } from './state.ts';

/** Wall-clock seconds of single steps, by kind of round. */
export interface StepTimes {
  /** TNet rounds without modulation. */
  readonly plain: readonly number[];
  /** MNet rounds. */
  readonly astrocytes: readonly number[];
  /** TNet rounds through the modulated network; every fifth step brings new gates. */
  readonly neurons: readonly number[];
}

export interface TimeStepsOptions<B extends Batch> {
  readonly task: Task<B>;
  readonly mnet: MNet;
  /** Makes a mini-batch; the trainer disposes it. */
  readonly batch: () => B;
  /** Steps of each kind that are timed, at least ten. */
  readonly steps: number;
  /** Steps before them that are not: a backend may compile. */
  readonly warmUp: number;
}

/** Trains a fresh network for a while and tells how long each step took. Needs a started backend. */
export async function timeSteps<B extends Batch>({
  task,
  mnet,
  batch,
  steps,
  warmUp,
}: TimeStepsOptions<B>): Promise<StepTimes> {
  const length = warmUp + Math.max(steps, LAST_NEURON_BATCHES);
  const times = { plain: [] as number[], astrocytes: [] as number[], neurons: [] as number[] };
  const state = initialState(task, mnet, 0);
  await fit({
    task,
    mnet,
    state,
    source: {
      batchesPerEpoch: length,
      next: async () => batch(),
      state: () => null,
      restore: () => undefined,
      close: async () => undefined,
    },
    // Rounds 0 and 1 are plain, 2 trains the astrocytes, 3 the neurons.
    options: {
      seed: 0,
      budget: 4 * length,
      method: 'ma-net',
      optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
      // Small, because the images may be noise: the numbers stay finite, and cost what others cost.
      learningRate: 1e-3,
      schedule: { name: 'constant' },
      modulation: {
        ...defaultModulation,
        plainRounds: 2,
        astrocyteIterations: length,
        prune: { mode: 'target', removeModulated: 0.5 },
      },
    },
    listen(event) {
      if (event.type !== 'step' || event.round.kind === 'joint') return;
      const position = event.step - 1 - event.round.start;
      if (event.round.index === 0 || position < warmUp) return;
      times[event.round.kind].push(event.seconds);
    },
  });
  disposeState(state);
  return times;
}
