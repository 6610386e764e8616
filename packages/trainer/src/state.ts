// Everything that training moves, and nothing else: with these restored it continues bit for bit.

import { type Batch, type Params, Rng, type Task } from '@ma-net/core';
import type { MNet } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';

type Tensors = Record<string, tf.Tensor>;

/** All tensors of a run, by section. Absent entries of a section do not exist yet. */
export interface TrainingState {
  /** b: the next mini-batch. */
  step: number;
  /** Mini-batches of astrocyte rounds so far; the next one belongs to astrocyte 1 + (pointer mod M). */
  pointer: number;
  /** W. */
  params: Tensors;
  /** Running statistics of the normalisation layers. */
  stats: Tensors;
  /** Momentum of W, by slot. */
  optimizer: Tensors;
  /** Phi and its momentum. */
  phi: Tensors;
  phiOptimizer: Tensors;
  /** State of the cells. */
  cells: Tensors;
  /** D recorded when the last modulated round began, and the one before it. */
  recorded: Tensors;
  previous: Tensors;
  /** Relative probabilities, masks and gates of the last mini-batch. Empty before the modulated phase. */
  q: Tensors;
  masks: Tensors;
  /** theta of every kernel when the masks were made. */
  thresholds: Tensors;
  gates: Tensors;
}

export const SECTIONS = [
  'params',
  'stats',
  'optimizer',
  'phi',
  'phiOptimizer',
  'cells',
  'recorded',
  'previous',
  'q',
  'masks',
  'thresholds',
  'gates',
] as const;

export type Section = (typeof SECTIONS)[number];

/**
 * A run before its first mini-batch; `mnet` if its Phi is trained. The weights depend on the seed only, not
 * on the method.
 */
export function initialState<B extends Batch>(
  task: Pick<Task<B>, 'network'>,
  mnet: MNet | undefined,
  seed: number,
): TrainingState {
  const root = Rng.fromSeed(seed);
  const { params, stats } = task.network.init(root.split('network'));
  return {
    step: 0,
    pointer: 0,
    params: { ...params },
    stats: { ...stats },
    optimizer: {},
    phi: { ...mnet?.init(root.split('astrocytes')) },
    phiOptimizer: {},
    cells: { ...mnet?.restState() },
    recorded: {},
    previous: {},
    q: {},
    masks: {},
    thresholds: {},
    gates: {},
  };
}

/** Puts new tensors into a section and disposes those that they replace. */
export function replace(state: TrainingState, section: Section, next: Params): void {
  const current = state[section];
  for (const [name, tensor] of Object.entries(next)) {
    const old = current[name];
    if (old === tensor) continue;
    old?.dispose();
    current[name] = tensor;
  }
}

/** Makes a section consist of `next` alone. */
export function become(state: TrainingState, section: Section, next: Params): void {
  for (const [name, old] of Object.entries(state[section])) if (next[name] !== old) old.dispose();
  state[section] = { ...next };
}

export function disposeState(state: TrainingState): void {
  for (const section of SECTIONS) tf.dispose(state[section]);
}
