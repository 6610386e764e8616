// Exponential moving averages of the weights and of their running statistics: what is measured and exported in their
// place, where a run has them. The method folds its gates into the averages as it does into the weights.

import type { Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { replace, section, type TrainingState } from './state.ts';

export interface Averaging {
  /** What stays of an average at each mini-batch, below 1; timm takes 0.9998. */
  readonly decay: number;
  /** Stays shorter at first: after n mini-batches it is at most 1 - n^(-2/3). */
  readonly warmup?: boolean;
}

/** Where the averages of a section are kept. */
export const AVERAGES = { params: 'params.average', stats: 'stats.average' } as const;
type Averaged = keyof typeof AVERAGES;

const POWER = 2 / 3;

/** What stays at mini-batch `step`, counted from 1, as in timm (ModelEmaV3.get_decay): nothing at the first. */
export function decayAt({ decay, warmup = false }: Averaging, step: number): number {
  if (step <= 1) return 0;
  return warmup ? Math.min(decay, 1 - step ** -POWER) : decay;
}

/** Before the first mini-batch the averages are what they will be of. */
export function beginAverages(state: TrainingState): void {
  for (const [of, name] of Object.entries(AVERAGES)) {
    const known = section(state, name);
    const missing = Object.entries(section(state, of)).filter(([tensor]) => known[tensor] === undefined);
    replace(state, name, Object.fromEntries(missing.map(([tensor, value]) => [tensor, tf.clone(value)])));
  }
}

/**
 * decay average + (1 - decay) value, of the tensors in `next`, which a mini-batch has moved; by section, owned by the
 * caller.
 */
export function movedAverages(
  state: TrainingState,
  next: Readonly<Record<Averaged, Params>>,
  decay: number,
): Record<string, Params> {
  return tf.tidy(() => {
    const [stays, comes] = [tf.scalar(decay), tf.scalar(1 - decay)];
    const moved = (of: Averaged): Params => {
      const averages = section(state, AVERAGES[of]);
      return Object.fromEntries(
        Object.entries(next[of]).map(([name, value]) => [
          name,
          tf.add(tf.mul(averages[name]!, stays), tf.mul(value, comes)),
        ]),
      );
    };
    const made = { [AVERAGES.params]: moved('params'), [AVERAGES.stats]: moved('stats') };
    return made as unknown as tf.TensorContainerObject;
  }) as unknown as Record<string, Params>;
}

/**
 * The state as it is used: where it has averages they are in the place of the weights and statistics, and those in
 * theirs. The tensors are shared: dispose one of the two.
 */
export function asUsed(state: TrainingState): TrainingState {
  const { params, stats } = AVERAGES;
  const { [params]: averages, [stats]: statistics, ...own } = state.sections;
  if (averages === undefined || statistics === undefined || Object.keys(averages).length === 0) return state;
  return {
    step: state.step,
    sections: { ...own, params: averages, stats: statistics, [params]: own.params, [stats]: own.stats },
  };
}
