// The kinds of training step of Algorithm 1: the loss of a mini-batch as a function of W, of Phi, or of both.

import {
  backpropagate,
  type Batch,
  type ForwardContext,
  type Params,
  type Sections,
  type Step,
  type Task,
} from '@ma-net/core';
import { contrastiveLoss, type GradientRule, modulate } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { gatesAt, inputsAt, type Modulation } from './modulation.ts';

/** A mini-batch and what it is trained on. */
export interface Given<B extends Batch> {
  readonly task: Task<B>;
  readonly state: Sections;
  readonly batch: B;
  readonly ctx: ForwardContext;
}

/** W through N(X, W), or through the network with held gates. */
export async function weightStep<B extends Batch>(
  { task, state, batch, ctx }: Given<B>,
  held?: { readonly mnet: Pick<Modulation['mnet'], 'kernels'>; readonly rule: GradientRule },
): Promise<Step> {
  const { params, stats, gates = {} } = state;
  const {
    terms,
    stats: next,
    grads,
  } = await backpropagate({
    task,
    batch,
    stats,
    ctx,
    values: params,
    names: Object.keys(params),
    forward: (w) => ({
      params: held === undefined ? w : { ...w, ...modulate(w, gates, held.mnet.kernels, held.rule) },
      aux: {},
    }),
  });
  return { terms, stats: next, grads: { params: grads } };
}

interface Iteration extends tf.TensorContainerObject {
  readonly cells: tf.TensorContainerObject;
  readonly scores: tf.TensorContainerObject;
  readonly gates: tf.TensorContainerObject;
}

/** Phi through the modulated network, W fixed: L_data + lambda L_reg (Eq. 8 to 10). */
export function astrocyteStep<B extends Batch>(
  modulation: Modulation,
  given: Given<B>,
  b: number,
  turn: number,
): Promise<Step> {
  const { mnet } = modulation;
  const phi = given.state['phi']!;
  return modulatedStep(modulation, given, b, {
    values: phi,
    names: mnet.active(turn),
    split: (values) => ({ w: given.state.params, phi: values }),
    rule: 'constant-kernel',
    lambda: modulation.options.lambda,
    sections: (grads) => ({ phi: grads }),
  });
}

/**
 * W and Phi together: the ablation without alternation; and neuron rounds in which W also receives the gradient
 * through its own descriptors, without a `turn`, because Phi then stays.
 */
export function togetherStep<B extends Batch>(
  modulation: Modulation,
  given: Given<B>,
  b: number,
  turn: number | undefined,
): Promise<Step> {
  const { mnet, options } = modulation;
  const { params } = given.state;
  const phi = given.state['phi']!;
  const active = turn === undefined ? [] : mnet.active(turn);
  const [wNames, phiNames] = [Object.keys(params), Object.keys(phi)];
  return modulatedStep(modulation, given, b, {
    values: { ...params, ...renamed(phi, phiNames, (name) => PHI + name) },
    names: [...wNames, ...active.map((name) => PHI + name)],
    split: (values) => ({
      w: renamed(values, wNames, (name) => name),
      phi: Object.fromEntries(phiNames.map((name) => [name, values[PHI + name]!])),
    }),
    rule: options.feedback ? 'together' : 'chain-rule',
    // Without a turn the regulariser is only logged: it has no gradient in W.
    lambda: turn === undefined ? 0 : options.lambda,
    sections: (grads) => ({
      params: renamed(grads, wNames, (name) => name),
      ...(turn === undefined
        ? {}
        : { phi: Object.fromEntries(active.map((name) => [name, grads[PHI + name]!])) }),
    }),
  });
}

/** Keeps names of Phi apart from those of W, in one record. */
const PHI = 'phi:';

interface Differentiated {
  readonly values: Params;
  readonly names: readonly string[];
  readonly split: (values: Params) => { readonly w: Params; readonly phi: Params };
  readonly rule: GradientRule;
  readonly lambda: number;
  readonly sections: (grads: Params) => Step['grads'];
}

async function modulatedStep<B extends Batch>(
  modulation: Modulation,
  { task, state, batch, ctx }: Given<B>,
  b: number,
  { values, names, split, rule, lambda, sections }: Differentiated,
): Promise<Step> {
  const { mnet, options } = modulation;
  // Made outside the tape, where nothing is differentiated.
  const read = tf.tidy(() => ({ ...inputsAt(modulation, b, state) }) as unknown as tf.TensorContainerObject);
  const given = read as unknown as ReturnType<typeof inputsAt>;
  try {
    const made = await backpropagate({
      task,
      batch,
      stats: state.stats,
      ctx,
      values,
      names,
      forward(all) {
        const { w, phi } = split(all);
        const through = options.throughDescriptors && rule !== 'constant-kernel';
        const result = mnet.modulations(
          phi,
          through ? { ...given, descriptors: mnet.descriptors(w) } : given,
        );
        const gates = gatesAt(modulation, result.q, state, true);
        const regulariser = contrastiveLoss(result.local_MD, result.global_MD, mnet.options.tau);
        return {
          params: { ...w, ...modulate(w, gates, mnet.kernels, rule) },
          penalties: { regulariser: { value: regulariser, weight: lambda } },
          aux: { cells: result.state, scores: result.q, gates } as unknown as Iteration,
        };
      },
    });
    const { cells, scores, gates } = made.aux as unknown as Record<'cells' | 'scores' | 'gates', Params>;
    return {
      terms: made.terms,
      stats: made.stats,
      grads: sections(made.grads),
      replaced: { cells, scores, gates },
    };
  } finally {
    disposeUnlessHeld(given, state);
  }
}

/** Inputs of A that were made for one step; the others are the state's. */
function disposeUnlessHeld(
  { descriptors, state: cells, competition }: ReturnType<typeof inputsAt>,
  state: Sections,
): void {
  tf.dispose([
    descriptors,
    competition,
    ...(cells === state['cells'] ? [] : [cells]),
  ] as unknown as tf.TensorContainer);
}

function renamed(params: Params, names: readonly string[], to: (name: string) => string): Params {
  return Object.fromEntries(names.map((name) => [to(name), params[name]!]));
}
