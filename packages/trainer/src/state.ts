// Everything that training moves, and nothing else: with these restored it continues bit for bit.

import { type Batch, type Params, Rng, type SectionSpec, type Task, type Training } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

type Tensors = Record<string, tf.Tensor>;

/** A run between two mini-batches. */
export interface TrainingState {
  /** Mini-batches done. */
  step: number;
  /**
   * All tensors, by section and name: W, its running statistics, what the method keeps, and the optimiser's slots of
   * each section `s` that is trained under `s.optimizer`.
   */
  readonly sections: { params: Tensors; stats: Tensors; [section: string]: Tensors };
}

/** Where the optimiser keeps its slots of a section. */
export const slotsOf = (section: string): string => `${section}.optimizer`;

/** A run before its first mini-batch. W depends on the seed only, not on the method. */
export function initialState<B extends Batch>(
  task: Pick<Task<B>, 'network'>,
  training: Pick<Training<B>, 'init' | 'sections'>,
  seed: number,
): TrainingState {
  const root = Rng.fromSeed(seed);
  const { params, stats } = task.network.init(root.split('network'));
  const sections: TrainingState['sections'] = { params: { ...params }, stats: { ...stats } };
  for (const name of Object.keys(training.sections)) sections[name] = {};
  for (const [name, tensors] of Object.entries(training.init(root))) sections[name] = { ...tensors };
  return { step: 0, sections };
}

/** The tensors of a section; empty where there are none. */
export function section({ sections }: Pick<TrainingState, 'sections'>, name: string): Params {
  return sections[name] ?? {};
}

/** Puts new tensors into a section and disposes those that they replace. */
export function replace({ sections }: TrainingState, name: string, next: Params): void {
  const current = (sections[name] ??= {});
  for (const [tensor, value] of Object.entries(next)) {
    const old = current[tensor];
    if (old === value) continue;
    old?.dispose();
    current[tensor] = value;
  }
}

/** Makes a section consist of `next` alone. */
export function become({ sections }: TrainingState, name: string, next: Params): void {
  for (const [tensor, old] of Object.entries(sections[name] ?? {})) if (next[tensor] !== old) old.dispose();
  sections[name] = { ...next };
}

export function disposeState({ sections }: TrainingState): void {
  for (const tensors of Object.values(sections)) tf.dispose(tensors);
}

/** Shapes that a section's tensors have, by name. */
export function shapesOf(tensors: Params): SectionSpec['shapes'] {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}
