// From the gradients of a step to what replaces what, in the graph of the step.

import {
  globalNorm,
  type Network,
  type Optimization,
  type Params,
  type SectionSpec,
  type Step,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Averaging, decayAt, movedAverages } from './averages.ts';
import { type Named, type Scales, scalesOf } from './groups.ts';
import { clipToNorm, optimizerStep } from './optimizers.ts';
import { learningRateAt } from './schedules.ts';
import { become, replace, section, slotsOf, type TrainingState } from './state.ts';

/** A section that is trained by gradients. */
export interface Trained {
  readonly optimization: Optimization;
  readonly scales: Scales;
}

/** W, trained as the run says, and what else the method trains. */
export function trainedSections(
  { parameters }: Network,
  { sections: own }: { readonly sections: Readonly<Record<string, SectionSpec>> },
  options: Optimization,
): Record<string, Trained> {
  const trained = (names: readonly Named[], optimization: Optimization): Trained => ({
    optimization,
    scales: scalesOf(names, optimization),
  });
  const sections: Record<string, Trained> = { params: trained(parameters, options) };
  for (const [name, { shapes, optimization }] of Object.entries(own)) {
    if (optimization === undefined) continue;
    const names = Object.keys(shapes).map((parameter) => ({ name: parameter }));
    // Groups are of W: they name its parameters, and the section has others.
    const { groups: _, ...asW } = options;
    sections[name] = trained(names, optimization === 'params' ? asW : optimization);
  }
  return sections;
}

export interface Update {
  /** New tensors by section; sections in `whole` consist of theirs alone. */
  readonly sections: Readonly<Record<string, Params>>;
  readonly whole: ReadonlySet<string>;
  /** Global norm of each section's gradient before clipping. */
  readonly norms: Readonly<Record<string, tf.Scalar>>;
}

/** When a step was made. */
export interface At {
  /** Its mini-batch. */
  readonly b: number;
  /** The mini-batches that the learning rate's schedule is of. */
  readonly schedule: { readonly start: number; readonly length: number };
  readonly ema?: Averaging | undefined;
}

/** Takes the step over: what it owned is in the update, or disposed. */
export function updateOf(
  step: Step,
  state: TrainingState,
  sections: Readonly<Record<string, Trained>>,
  { b, schedule, ema }: At,
): Update {
  const { grads } = step;
  const made = tf.tidy(() => {
    const next: Record<string, Params> = {};
    const norms: Record<string, tf.Scalar> = {};
    for (const [name, given] of Object.entries(grads)) {
      const { optimization, scales } = sections[name]!;
      const moving = Object.fromEntries(
        Object.entries(given).filter(([n]) => scales.get(n)?.frozen !== true),
      );
      if (Object.keys(moving).length === 0) continue;
      const norm = globalNorm(moving);
      const { optimizer, clip, learningRate } = optimization;
      const update = optimizerStep(
        optimizer,
        section(state, name),
        clip === undefined ? moving : clipToNorm(moving, norm, clip),
        section(state, slotsOf(name)),
        learningRateAt(optimization.schedule, learningRate, b - schedule.start, schedule.length),
        scales,
      );
      norms[name] = norm;
      next[name] = update.params;
      next[slotsOf(name)] = update.state;
    }
    // Where a mini-batch trains something else, the averages stay with W.
    if (ema !== undefined && next['params'] !== undefined) {
      Object.assign(
        next,
        movedAverages(state, { params: next['params'], stats: step.stats }, decayAt(ema, b + 1)),
      );
    }
    return { next, norms } as unknown as tf.TensorContainerObject;
  }) as unknown as { next: Record<string, Params>; norms: Record<string, tf.Scalar> };
  tf.dispose(grads as tf.TensorContainer);
  const { replaced = {} } = step;
  return {
    sections: { ...made.next, stats: step.stats, ...replaced },
    whole: new Set(Object.keys(replaced)),
    norms: made.norms,
  };
}

/** Makes an update the state of the run. */
export function keep(state: TrainingState, { sections, whole }: Update): void {
  for (const [name, tensors] of Object.entries(sections))
    if (whole.has(name)) become(state, name, tensors);
    else replace(state, name, tensors);
}
