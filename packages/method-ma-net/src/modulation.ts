// A run's modulation between mini-batches (sections 8 and 9): what A is evaluated on, when, and the gates that follow.

import { cloneParams, type Decision, type Params, type Round, type Sections } from '@ma-net/core';
import { gatesOf, type MNet, type ModulationInputs } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { decisionOf, type MaskKeeper } from './masks.ts';
import type { MaNetOptions } from './options.ts';
import { competitionAt, type Ramp } from './ramps.ts';

export interface Modulation {
  readonly mnet: MNet;
  readonly options: MaNetOptions;
  readonly ramp: Ramp;
  readonly masks: MaskKeeper;
}

/** What a mini-batch of a modulated round is to be prepared with: history, one iteration of A, masks, gates. */
export async function prepare(
  modulation: Modulation,
  b: number,
  round: Round,
  state: Sections,
): Promise<Decision> {
  const { refresh, throughDescriptors } = modulation.options;
  const history = b === round.start ? beginRound(modulation, state) : {};
  const now = { ...state, ...history };
  const iterates = round.kind === 'neurons' && !throughDescriptors;
  if (!iterates) {
    const decided = modulation.masks.due(b, round, now) ? await decide(modulation, b, now) : undefined;
    return decisionOf({ ...history, ...decided?.replaced }, decided?.change);
  }
  if ((b - round.start) % refresh !== 0) return { replaced: history };
  const iteration = await iterate(modulation, b, round, now);
  return decisionOf({ ...history, ...iteration.replaced }, iteration.change);
}

/** The beginning of a modulated round: D of the last such beginning becomes history, D of now is recorded. */
function beginRound({ mnet }: Modulation, { params, recorded = {} }: Sections): Decision['replaced'] {
  const now = descriptorsOf(mnet, params);
  const first = Object.keys(recorded).length === 0;
  return { previous: cloneParams(first ? now : recorded), recorded: now };
}

/** One committed modulation iteration outside a gradient: evaluates A, decides masks if due, holds q and gates. */
async function iterate(modulation: Modulation, b: number, round: Round, state: Sections): Promise<Decision> {
  const { q, cells } = modulated(modulation, b, state);
  const decided = modulation.masks.due(b, round, state) ? await newMasks(modulation, b, q, state) : undefined;
  const now = { ...state, ...decided?.replaced };
  const gates = tf.tidy(() => gatesAt(modulation, q, now, false) as tf.TensorContainerObject) as Params;
  return decisionOf({ cells, scores: q, ...decided?.replaced, gates }, decided?.change);
}

/** Masks decided from an evaluation of A that commits nothing else: the step that follows evaluates it anyway. */
async function decide(modulation: Modulation, b: number, state: Sections): Promise<Decision> {
  const { q, cells } = modulated(modulation, b, state);
  const decided = await newMasks(modulation, b, q, state);
  tf.dispose([q, cells] as unknown as tf.TensorContainer);
  return decided;
}

async function newMasks(
  { masks: keeper, mnet, options }: Modulation,
  b: number,
  q: Params,
  state: Sections,
): Promise<Decision> {
  const averages =
    options.scoreMemory === 0 ? undefined : averagesOf(q, state['averages'], options.scoreMemory);
  const { masks, thetas, change } = await keeper.renew(b, averages ?? q, state);
  const thresholds = Object.fromEntries(mnet.kernels.map(({ param }, l) => [param, tf.scalar(thetas[l]!)]));
  return { replaced: { masks, thresholds, ...(averages === undefined ? {} : { averages }) }, change };
}

/** q, and what earlier decisions went by: an exponential average, which begins with the first q. */
function averagesOf(q: Params, before: Params | undefined, memory: number): Params {
  return tf.tidy(() => {
    const averaged = Object.entries(q).map(([param, now]) => {
      const old = before?.[param];
      return [param, old === undefined ? now.clone() : tf.add(tf.mul(old, memory), tf.mul(now, 1 - memory))];
    });
    return Object.fromEntries(averaged) as tf.TensorContainerObject;
  }) as Params;
}

function modulated(
  modulation: Modulation,
  b: number,
  state: Sections,
): { readonly q: Params; readonly cells: Params } {
  return tf.tidy(() => {
    const { q, state: cells } = modulation.mnet.modulations(state['phi']!, inputsAt(modulation, b, state));
    return { q, cells } as tf.TensorContainerObject;
  }) as unknown as { q: Params; cells: Params };
}

/** What A reads beside Phi at mini-batch `b`. The caller owns what is not borrowed from the state: run it in a tidy. */
export function inputsAt({ mnet, options, ramp }: Modulation, b: number, state: Sections): ModulationInputs {
  return {
    descriptors: mnet.descriptors(state.params),
    previous: state['previous']!,
    state: options.memory === 'reset' ? mnet.restState() : state['cells']!,
    competition: tf.scalar(competitionAt(b, ramp, options.competition)),
  };
}

/** s of section 8, with or without the straight-through gradient. */
export function gatesAt(
  { options, mnet }: Pick<Modulation, 'options' | 'mnet'>,
  q: Params,
  state: Sections,
  straightThrough: boolean,
): Params {
  const thresholds = state['thresholds']!;
  return gatesOf(q, state['masks']!, {
    strength: options.strength,
    cut: options.cut,
    thresholds: mnet.kernels.map(({ param }) => thresholds[param] as tf.Scalar),
    straightThrough,
  });
}

function descriptorsOf(mnet: MNet, params: Params): Params {
  return tf.tidy(() => mnet.descriptors(params) as tf.TensorContainerObject) as Params;
}
