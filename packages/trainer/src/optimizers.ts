// Optimisers as pure functions whose state is keyed by parameter name: alternating, freezing and pruning
// cannot mix moments, and a parameter without a gradient in a mini-batch is not touched at all.

import { type AdamWOptions, type OptimizerOptions, type Params, param, type SgdOptions } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Scales } from './groups.ts';
import { shapesOf } from './state.ts';

export interface OptimizerUpdate {
  /** New values of the parameters that had a gradient. */
  readonly params: Record<string, tf.Tensor>;
  /** New state of the same parameters, by `<slot>/<name>`. */
  readonly state: Record<string, tf.Tensor>;
}

/**
 * One step on every parameter in `grads`. Borrows everything; the caller owns the result. State that does
 * not exist yet is zero. `scales` multiply the rate and the decay of single parameters.
 */
export function optimizerStep(
  options: OptimizerOptions,
  params: Params,
  grads: Params,
  state: Params,
  learningRate: number,
  scales: Scales = new Map(),
): OptimizerUpdate {
  return tf.tidy(
    () =>
      (options.name === 'sgd'
        ? sgd(options, params, grads, state, learningRate, scales)
        : adamW(options, params, grads, state, learningRate, scales)) as OptimizerUpdate &
        tf.TensorContainerObject,
  );
}

const SLOTS = { sgd: ['momentum'], adamw: ['m', 'v', 't'] } as const;

/** Shapes of an optimiser's state, by `<slot>/<name>`, for parameters of the given shapes. */
export function slotShapes(
  options: OptimizerOptions,
  shapes: Readonly<Record<string, readonly number[]>>,
): Record<string, readonly number[]> {
  const slots = Object.entries(shapes).flatMap(([name, shape]) =>
    SLOTS[options.name].map((slot): [string, readonly number[]] => [
      `${slot}/${name}`,
      slot === 't' ? [] : shape,
    ]),
  );
  return Object.fromEntries(slots);
}

/**
 * Zeros for every slot that `state` lacks, owned by the caller: what the state is before a first gradient.
 * With it a first step is the same graph as all later ones, and compiles once.
 */
export function restingSlots(
  options: OptimizerOptions,
  params: Params,
  state: Params,
): Record<string, tf.Tensor> {
  const missing = Object.entries(slotShapes(options, shapesOf(params))).filter(
    ([slot]) => state[slot] === undefined,
  );
  return Object.fromEntries(missing.map(([slot, shape]) => [slot, tf.zeros([...shape])]));
}

/** g += wd w; buf = momentum buf + g; w -= lr buf, or with Nesterov w -= lr (g + momentum buf). */
function sgd(
  { momentum, nesterov = false, weightDecay }: SgdOptions,
  params: Params,
  grads: Params,
  state: Params,
  learningRate: number,
  scales: Scales,
): OptimizerUpdate {
  const update: OptimizerUpdate = { params: {}, state: {} };
  const number = constants();
  const keep = number(momentum);
  for (const [name, grad] of Object.entries(grads)) {
    const w = param(params, name);
    const { rate, decay } = scaleOf(scales, name);
    const g = weightDecay * decay === 0 ? grad : tf.add(grad, tf.mul(w, number(weightDecay * decay)));
    const slot = `momentum/${name}`;
    const old = state[slot];
    const buffer = old === undefined ? tf.clone(g) : tf.add(tf.mul(old, keep), g);
    const direction = nesterov ? tf.add(g, tf.mul(buffer, keep)) : buffer;
    update.params[name] = tf.sub(w, tf.mul(direction, number(learningRate * rate)));
    update.state[slot] = buffer;
  }
  return update;
}

/** Decoupled weight decay (Loshchilov & Hutter 2019, Algorithm 2); each name counts its own steps. */
function adamW(
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
  params: Params,
  grads: Params,
  state: Params,
  learningRate: number,
  scales: Scales,
): OptimizerUpdate {
  const update: OptimizerUpdate = { params: {}, state: {} };
  const number = constants();
  const [b1, b2, one, eps] = [number(beta1), number(beta2), number(1), number(epsilon)];
  const [n1, n2] = [number(1 - beta1), number(1 - beta2)];
  for (const [name, g] of Object.entries(grads)) {
    const w = param(params, name);
    const [mSlot, vSlot, tSlot] = [`m/${name}`, `v/${name}`, `t/${name}`];
    const m = tf.add(tf.mul(state[mSlot] ?? tf.zerosLike(g), b1), tf.mul(g, n1));
    const v = tf.add(tf.mul(state[vSlot] ?? tf.zerosLike(g), b2), tf.mul(tf.mul(g, g), n2));
    const t = tf.add(state[tSlot] ?? tf.scalar(0), one);
    const mHat = tf.div(m, tf.sub(one, tf.pow(b1, t)));
    const vHat = tf.div(v, tf.sub(one, tf.pow(b2, t)));
    const step = tf.div(mHat, tf.add(tf.sqrt(vHat), eps));
    const { rate, decay } = scaleOf(scales, name);
    const shrink = number(1 - learningRate * rate * weightDecay * decay);
    update.params[name] = tf.sub(tf.mul(w, shrink), tf.mul(step, number(learningRate * rate)));
    Object.assign(update.state, { [mSlot]: m, [vSlot]: v, [tSlot]: t });
  }
  return update;
}

/** One tensor for each number, however many parameters it is used for: every number is a tensor to the backend. */
function constants(): (value: number) => tf.Scalar {
  const made = new Map<number, tf.Scalar>();
  return (value) => {
    const known = made.get(value) ?? tf.scalar(value);
    made.set(value, known);
    return known;
  };
}

const USUAL = { rate: 1, decay: 1 };

function scaleOf(scales: Scales, name: string): { readonly rate: number; readonly decay: number } {
  return scales.get(name) ?? USUAL;
}

/** Scales all gradients by min(1, limit / norm), where `norm` is their global norm, without reading it back. */
export function clipToNorm(grads: Params, norm: tf.Scalar, limit: number): Record<string, tf.Tensor> {
  return tf.tidy(() => {
    // The smallest normal number keeps 0 / 0 away from gradients that are all zero.
    const scale = tf.minimum(1, tf.div(limit, tf.maximum(norm, 1.2e-38)));
    return Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, tf.mul(g, scale)]));
  });
}
