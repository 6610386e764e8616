// The four kinds of training step, each one graph: loss, gradient, update. They borrow the state and the
// batch, and return what replaces what.

import {
  type Batch,
  type ForwardContext,
  type Params,
  type Task,
  type TaskLoss,
  valueAndGrad,
} from '@ma-net/core';
import { contrastiveLoss, modulate } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { gates as gatesFor, inputs, type Modulation } from './modulation.ts';
import { clipByGlobalNorm, type OptimizerOptions, optimizerStep } from './optimizers.ts';
import type { TrainingState } from './state.ts';

type Tensors = Record<string, tf.Tensor>;

/** Replacements for sections of the state, and scalars for the log. */
export interface StepResult {
  readonly terms: Record<string, tf.Scalar>;
  readonly stats: Tensors;
  readonly params?: Tensors;
  readonly optimizer?: Tensors;
  readonly phi?: Tensors;
  readonly phiOptimizer?: Tensors;
  readonly cells?: Tensors;
  readonly q?: Tensors;
  readonly gates?: Tensors;
}

/** What is the same for every step of a run. */
export interface StepContext<B extends Batch> {
  readonly task: Task<B>;
  readonly optimizer: OptimizerOptions;
  readonly modulation: Modulation | undefined;
  /** Whether gates carry no gradient rule of their own: magnitude pruning trains with the chain rule. */
  readonly weightRule: 'feedback' | 'chain-rule';
}

/** W through N(X, W), or through the modulated network when gates are held. */
export function weightStep<B extends Batch>(
  { task, optimizer, modulation, weightRule }: StepContext<B>,
  state: TrainingState,
  batch: B,
  ctx: ForwardContext,
  learningRate: number,
): StepResult {
  return scoped(() => {
    const modulated = Object.keys(state.gates).length > 0;
    const { value, grads, aux } = valueAndGrad(
      (params) => {
        const used = modulated
          ? { ...params, ...modulate(params, state.gates, modulation!.mnet.kernels, weightRule) }
          : params;
        return withAux(task.loss(used, state.stats, batch, ctx));
      },
      state.params,
      Object.keys(state.params),
    );
    const update = optimizerStep(optimizer, state.params, grads, state.optimizer, learningRate);
    return {
      terms: { ...aux.terms, loss: value },
      stats: aux.stats,
      params: update.params,
      optimizer: update.state,
    };
  });
}

/** Phi through the modulated network, W fixed: L_data + lambda L_reg (Eq. 8 to 10). */
export function astrocyteStep<B extends Batch>(
  { task, modulation }: StepContext<B>,
  state: TrainingState,
  batch: B,
  ctx: ForwardContext,
  rates: { readonly b: number; readonly learningRate: number },
): StepResult {
  const { mnet, options } = modulation!;
  return scoped(() => {
    const read = evaluationInputs(modulation!, state, rates.b);
    const { value, grads, aux } = valueAndGrad(
      (phi) => {
        const result = mnet.evaluate(phi, read);
        const s = gatesFor(modulation!, result.q, state, true);
        const used = { ...state.params, ...modulate(state.params, s, mnet.kernels, 'constant-kernel') };
        const { loss, terms, stats } = task.loss(used, state.stats, batch, ctx);
        const regulariser = contrastiveLoss(result.local_MD, result.global_MD, mnet.options.tau);
        return {
          value: tf.add(loss, tf.mul(regulariser, options.lambda)) as tf.Scalar,
          aux: {
            terms: { ...terms, data: loss, regulariser },
            stats,
            cells: result.state,
            q: result.q,
            gates: s,
          } as unknown as StepAux,
        };
      },
      state.phi,
      mnet.active(state.pointer),
    );
    return {
      ...aux,
      terms: { ...aux.terms, loss: value },
      ...updatePhi(modulation!, state, grads, rates.learningRate),
    };
  });
}

/**
 * W and Phi together: the ablation without alternation, and neuron rounds with `attach`, where W also
 * receives the gradient through its own descriptors (Phi then stays).
 */
export function jointStep<B extends Batch>(
  { task, optimizer, modulation, weightRule }: StepContext<B>,
  state: TrainingState,
  batch: B,
  ctx: ForwardContext,
  rates: {
    readonly b: number;
    readonly learningRate: number;
    readonly phiLearningRate: number;
    readonly trainPhi: boolean;
  },
): StepResult {
  const { mnet, options } = modulation!;
  return scoped(() => {
    const read = evaluationInputs(modulation!, state, rates.b);
    const phiNames = rates.trainPhi ? mnet.active(state.pointer) : [];
    const all = { ...state.params, ...prefixed('phi:', state.phi) };
    const { value, grads, aux } = valueAndGrad(
      (values) => {
        const w = Object.fromEntries(Object.keys(state.params).map((name) => [name, values[name]!]));
        const phi = Object.fromEntries(Object.keys(state.phi).map((name) => [name, values[`phi:${name}`]!]));
        const result = mnet.evaluate(
          phi,
          options.attach ? { ...read, descriptors: mnet.descriptors(w) } : read,
        );
        const s = gatesFor(modulation!, result.q, state, true);
        const used = {
          ...w,
          ...modulate(w, s, mnet.kernels, weightRule === 'feedback' ? 'together' : 'chain-rule'),
        };
        const { loss, terms, stats } = task.loss(used, state.stats, batch, ctx);
        const regulariser = contrastiveLoss(result.local_MD, result.global_MD, mnet.options.tau);
        const value = rates.trainPhi
          ? (tf.add(loss, tf.mul(regulariser, options.lambda)) as tf.Scalar)
          : loss;
        return {
          value,
          aux: {
            terms: { ...terms, data: loss, regulariser },
            stats,
            cells: result.state,
            q: result.q,
            gates: s,
          } as unknown as StepAux,
        };
      },
      all,
      [...Object.keys(state.params), ...phiNames.map((name) => `phi:${name}`)],
    );
    const [wGrads, phiGrads] = [
      unprefixed(grads, (n) => !n.startsWith('phi:'), 0),
      unprefixed(grads, (n) => n.startsWith('phi:'), 4),
    ];
    const update = optimizerStep(optimizer, state.params, wGrads, state.optimizer, rates.learningRate);
    return {
      ...aux,
      terms: { ...aux.terms, loss: value },
      params: update.params,
      optimizer: update.state,
      ...(rates.trainPhi ? updatePhi(modulation!, state, phiGrads, rates.phiLearningRate) : {}),
    };
  });
}

interface StepAux extends tf.TensorContainerObject {
  terms: Record<string, tf.Scalar>;
  stats: Tensors;
  cells: Tensors;
  q: Tensors;
  gates: Tensors;
}

function evaluationInputs(modulation: Modulation, state: TrainingState, b: number) {
  const { mnet, options } = modulation;
  const rest = options.memory === 'reset' ? mnet.restState() : undefined;
  return inputs(modulation, state, b, mnet.descriptors(state.params), rest);
}

/** Phi is trained by SGD with momentum and without weight decay (section 9). */
export function phiOptimizer({ astrocyteMomentum }: Modulation['options']): OptimizerOptions {
  return { name: 'sgd', momentum: astrocyteMomentum, weightDecay: 0 };
}

/** One step on Phi, the gradient clipped to a global norm. */
function updatePhi(
  { options }: Modulation,
  state: TrainingState,
  grads: Params,
  learningRate: number,
): Pick<StepResult, 'phi' | 'phiOptimizer'> {
  const clipped = clipByGlobalNorm(grads, options.clip);
  const update = optimizerStep(
    phiOptimizer(options),
    state.phi,
    clipped.grads,
    state.phiOptimizer,
    learningRate,
  );
  return { phi: update.params, phiOptimizer: update.state };
}

function withAux({ loss, terms, stats }: TaskLoss) {
  return {
    value: loss,
    aux: { terms, stats } as unknown as { terms: Record<string, tf.Scalar>; stats: Tensors },
  };
}

function prefixed(prefix: string, params: Params): Params {
  return Object.fromEntries(Object.entries(params).map(([name, t]) => [prefix + name, t]));
}

function unprefixed(params: Params, keep: (name: string) => boolean, cut: number): Params {
  return Object.fromEntries(
    Object.entries(params)
      .filter(([name]) => keep(name))
      .map(([name, t]) => [name.slice(cut), t]),
  );
}

/** tf.tidy for a record of records. */
function scoped(f: () => StepResult): StepResult {
  return tf.tidy(() => f() as unknown as tf.TensorContainerObject) as unknown as StepResult;
}
