// Optimisers as pure functions whose state is keyed by parameter name: alternating, freezing and pruning
// cannot mix moments, and a parameter without a gradient in a mini-batch is not touched at all.

import { globalNorm, type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface SgdOptions {
  readonly name: 'sgd';
  readonly momentum: number;
  readonly nesterov?: boolean;
  readonly weightDecay: number;
}

export interface AdamWOptions {
  readonly name: 'adamw';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

export type OptimizerOptions = SgdOptions | AdamWOptions;

export interface Update {
  /** New values of the parameters that had a gradient. */
  readonly params: Record<string, tf.Tensor>;
  /** New state of the same parameters, by `<slot>/<name>`. */
  readonly state: Record<string, tf.Tensor>;
}

/**
 * One step on every parameter in `grads`. Borrows everything; the caller owns the result. State that does
 * not exist yet is zero.
 */
export function optimizerStep(
  options: OptimizerOptions,
  params: Params,
  grads: Params,
  state: Params,
  learningRate: number,
): Update {
  return tf.tidy(
    () =>
      (options.name === 'sgd'
        ? sgd(options, params, grads, state, learningRate)
        : adamW(options, params, grads, state, learningRate)) as Update & tf.TensorContainerObject,
  );
}

const SLOTS = { sgd: ['momentum'], adamw: ['m', 'v', 't'] } as const;

/**
 * Zeros for every slot that `state` lacks, owned by the caller: what the state is before a first gradient.
 * With it a first step is the same graph as all later ones, and compiles once.
 */
export function restingSlots(
  options: OptimizerOptions,
  params: Params,
  state: Params,
): Record<string, tf.Tensor> {
  const slots = Object.entries(params).flatMap(([name, { shape }]) =>
    SLOTS[options.name].map((slot): [string, number[]] => [`${slot}/${name}`, slot === 't' ? [] : shape]),
  );
  const missing = slots.filter(([slot]) => state[slot] === undefined);
  return Object.fromEntries(missing.map(([slot, shape]) => [slot, tf.zeros(shape)]));
}

/** g += wd w; buf = momentum buf + g; w -= lr buf, or with Nesterov w -= lr (g + momentum buf). */
function sgd(
  { momentum, nesterov = false, weightDecay }: SgdOptions,
  params: Params,
  grads: Params,
  state: Params,
  learningRate: number,
): Update {
  const update: Update = { params: {}, state: {} };
  // Once, not once a parameter: every number is a tensor to the backend.
  const [rate, decay, keep] = [tf.scalar(learningRate), tf.scalar(weightDecay), tf.scalar(momentum)];
  for (const [name, grad] of Object.entries(grads)) {
    const w = param(params, name);
    const g = weightDecay === 0 ? grad : tf.add(grad, tf.mul(w, decay));
    const slot = `momentum/${name}`;
    const old = state[slot];
    const buffer = old === undefined ? tf.clone(g) : tf.add(tf.mul(old, keep), g);
    const direction = nesterov ? tf.add(g, tf.mul(buffer, keep)) : buffer;
    update.params[name] = tf.sub(w, tf.mul(direction, rate));
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
): Update {
  const update: Update = { params: {}, state: {} };
  const [b1, b2, one, eps] = [tf.scalar(beta1), tf.scalar(beta2), tf.scalar(1), tf.scalar(epsilon)];
  const [rate, shrink] = [tf.scalar(learningRate), tf.scalar(1 - learningRate * weightDecay)];
  const [n1, n2] = [tf.scalar(1 - beta1), tf.scalar(1 - beta2)];
  for (const [name, g] of Object.entries(grads)) {
    const w = param(params, name);
    const [mSlot, vSlot, tSlot] = [`m/${name}`, `v/${name}`, `t/${name}`];
    const m = tf.add(tf.mul(state[mSlot] ?? tf.zerosLike(g), b1), tf.mul(g, n1));
    const v = tf.add(tf.mul(state[vSlot] ?? tf.zerosLike(g), b2), tf.mul(tf.mul(g, g), n2));
    const t = tf.add(state[tSlot] ?? tf.scalar(0), one);
    const mHat = tf.div(m, tf.sub(one, tf.pow(b1, t)));
    const vHat = tf.div(v, tf.sub(one, tf.pow(b2, t)));
    const step = tf.div(mHat, tf.add(tf.sqrt(vHat), eps));
    update.params[name] = tf.sub(tf.mul(w, shrink), tf.mul(step, rate));
    Object.assign(update.state, { [mSlot]: m, [vSlot]: v, [tSlot]: t });
  }
  return update;
}

/** Scales all gradients by min(1, limit / norm), without reading the norm back. */
export function clipByGlobalNorm(
  grads: Params,
  limit: number,
): { readonly grads: Record<string, tf.Tensor>; readonly norm: tf.Scalar } {
  return tf.tidy(() => {
    const norm = globalNorm(grads);
    // The smallest normal number keeps 0 / 0 away from gradients that are all zero.
    const scale = tf.minimum(1, tf.div(limit, tf.maximum(norm, 1.2e-38)));
    const clipped = Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, tf.mul(g, scale)]));
    return { grads: clipped, norm };
  });
}
