// The life of masks and gates between and during rounds (sections 8 and 9): who computes them, when they
// are renewed, and what the network is run with.

import type { Params } from '@ma-net/core';
import { gatesOf, type MNet, masksOf, modulate, type PruneRule, thresholds } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import type { ModulationOptions } from './options.ts';
import { competitionAt, masksMayChange, type Ramp, removedAt } from './ramps.ts';
import { become, type TrainingState } from './state.ts';

export interface Modulation {
  readonly mnet: MNet;
  readonly options: ModulationOptions;
  readonly ramp: Ramp;
}

/** The rule that is in force at mini-batch `b`: a target grows over the ramp, a threshold is constant. */
function ruleAt({ options, ramp }: Modulation, b: number): PruneRule {
  const { prune } = options;
  return prune.mode === 'target'
    ? { ...prune, removeModulated: removedAt(b, ramp, prune.removeModulated) }
    : prune;
}

function competition({ options, ramp }: Modulation, b: number): tf.Scalar {
  return tf.scalar(competitionAt(b, ramp, options.competition));
}

/** What `mnet.evaluate` reads beside Phi. Borrowed from the state; `descriptors` is the caller's. */
export function inputs(
  modulation: Modulation,
  state: TrainingState,
  b: number,
  descriptors: Params,
  rest?: Params,
) {
  return {
    descriptors,
    previous: state.previous,
    state: rest ?? state.cells,
    competition: competition(modulation, b),
  };
}

/** The beginning of a modulated round: D of the last such beginning becomes history, D of now is recorded. */
export function beginRound({ mnet }: Modulation, state: TrainingState): void {
  const now = tf.tidy(() => mnet.descriptors(state.params) as tf.TensorContainerObject) as Params;
  const first = Object.keys(state.recorded).length === 0;
  become(state, 'previous', first ? cloned(now) : cloned(state.recorded));
  become(state, 'recorded', now);
}

/** Whether the masks are to be renewed at mini-batch `b`, the `position`-th of its round. */
function renewsMasks(
  { options, ramp }: Modulation,
  state: TrainingState,
  b: number,
  position: number,
): boolean {
  if (Object.keys(state.masks).length === 0) return true;
  const due = position === 0 || options.maskEvery === 'iteration';
  return due && masksMayChange(b, ramp, options.freeze);
}

/** Decides anew who is dead, from scores read back between two steps. */
async function renewMasks(
  modulation: Modulation,
  state: TrainingState,
  scores: Params,
  b: number,
): Promise<void> {
  const { kernels } = modulation.mnet;
  const host: Record<string, Float32Array> = {};
  for (const { param } of kernels) host[param] = (await scores[param]!.data()) as Float32Array;
  const thetas = thresholds(kernels, host, ruleAt(modulation, b));
  const masks = masksOf(kernels, host, thetas);
  const tensors = kernels.map(({ param, preNeurons, postNeurons }): [string, tf.Tensor] => [
    param,
    tf.tensor2d(Float32Array.from(masks[param]!), [preNeurons, postNeurons]),
  ]);
  become(state, 'masks', Object.fromEntries(tensors));
  become(
    state,
    'thresholds',
    Object.fromEntries(kernels.map(({ param }, l) => [param, tf.scalar(thetas[l]!)])),
  );
}

/** s of section 8, with or without the straight-through gradient. */
export function gates(
  { options, mnet }: Modulation,
  q: Params,
  { masks, thresholds: thetas }: Pick<TrainingState, 'masks' | 'thresholds'>,
  straightThrough: boolean,
): Params {
  return gatesOf(q, masks, {
    strength: options.strength,
    cut: options.cut,
    thresholds: mnet.kernels.map(({ param }) => thetas[param] as tf.Scalar),
    straightThrough,
  });
}

/**
 * One committed modulation iteration outside a gradient: evaluates A, renews the masks if due, holds q and
 * the gates.
 */
export async function iterate(
  modulation: Modulation,
  state: TrainingState,
  b: number,
  position: number,
): Promise<void> {
  const { mnet, options } = modulation;
  const result = tf.tidy(() => {
    const descriptors = mnet.descriptors(state.params);
    const rest = options.memory === 'reset' ? mnet.restState() : undefined;
    const { q, state: cells } = mnet.evaluate(state.phi, inputs(modulation, state, b, descriptors, rest));
    return { q, cells } as tf.TensorContainerObject;
  }) as unknown as { q: Params; cells: Params };
  become(state, 'cells', result.cells);
  become(state, 'q', result.q);
  if (renewsMasks(modulation, state, b, position)) await renewMasks(modulation, state, state.q, b);
  become(
    state,
    'gates',
    tf.tidy(() => gates(modulation, state.q, state, false) as tf.TensorContainerObject) as Params,
  );
}

/** Renews the masks before the first mini-batch of an astrocyte round, from an evaluation that commits nothing. */
export async function previewMasks(
  modulation: Modulation,
  state: TrainingState,
  b: number,
  position: number,
): Promise<void> {
  if (!renewsMasks(modulation, state, b, position)) return;
  const { mnet, options } = modulation;
  const q = tf.tidy(() => {
    const rest = options.memory === 'reset' ? mnet.restState() : undefined;
    return mnet.evaluate(state.phi, inputs(modulation, state, b, mnet.descriptors(state.params), rest))
      .q as tf.TensorContainerObject;
  }) as Params;
  await renewMasks(modulation, state, q, b);
  tf.dispose(q as tf.TensorContainerObject);
}

/** Magnitude pruning: the descriptor of a connection is its score, masks are the gates (section 15). */
export async function rankMagnitudes(
  modulation: Modulation,
  state: TrainingState,
  b: number,
  position: number,
): Promise<void> {
  if (!renewsMasks(modulation, state, b, position)) return;
  const scores = tf.tidy(
    () => modulation.mnet.descriptors(state.params) as tf.TensorContainerObject,
  ) as Params;
  await renewMasks(modulation, state, scores, b);
  become(state, 'q', scores);
  become(state, 'gates', cloned(state.masks));
}

/** The weights that the network is evaluated with: held gates applied, if there are any. Caller disposes. */
export function effectiveParams(
  mnet: Pick<MNet, 'kernels'> | undefined,
  state: Pick<TrainingState, 'params' | 'gates'>,
): Params {
  return tf.tidy(() => {
    if (mnet === undefined || Object.keys(state.gates).length === 0)
      return cloned(state.params) as tf.TensorContainerObject;
    const modulated = modulate(state.params, state.gates, mnet.kernels, 'constant-kernel');
    return { ...cloned(omit(state.params, modulated)), ...modulated } as tf.TensorContainerObject;
  }) as Params;
}

function omit(params: Params, names: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([name]) => !(name in names)));
}

function cloned(params: Params): Params {
  return Object.fromEntries(Object.entries(params).map(([name, t]) => [name, t.clone()]));
}
