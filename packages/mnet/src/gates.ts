// Gates and the modulated kernels W * s (Eq. 6, section 8).
//
// Suffixes: F pre-neurons, O post-neurons.

import { MaNetError, type ModulatedKernel, type Params, param, stopGradient } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';

export interface GateOptions {
  /** eta: s = q^eta * m; 1 unless given, 0 leaves the masks alone. */
  readonly strength?: number;
  /** `soft`: s = max(q - theta, 0) * m, divided by its mean over the layer; `hard` unless given. */
  readonly cut?: 'hard' | 'soft';
  /** theta of every kernel, in the order of q; only the soft cut reads it. */
  readonly thresholds?: readonly (number | tf.Scalar)[];
  /** ds/dq = 1 for every connection, dead ones too (MNet rounds); otherwise the gradient of s itself. */
  readonly straightThrough?: boolean;
}

/** s by parameter name, [F, O], of the relative probabilities and the 0/1 masks; owned by the caller. */
export function gatesOf(
  q: Params,
  masks: Params,
  { strength = 1, cut = 'hard', thresholds = [], straightThrough = false }: GateOptions = {},
): Record<string, tf.Tensor> {
  if (!(strength >= 0 && strength <= 1)) {
    throw new MaNetError('bad-argument', `The modulation strength is ${strength}, expected 0 to 1.`, {
      hint: 'use 1 for q itself, 0 for the masks alone.',
    });
  }
  const gate = (q_FO: tf.Tensor, mask_FO: tf.Tensor, l: number): tf.Tensor => {
    if (cut === 'hard') return tf.mul(powered(q_FO, strength), mask_FO);
    const theta = thresholds[l];
    if (theta === undefined) {
      throw new MaNetError(
        'bad-argument',
        `The soft cut needs the threshold of every kernel; number ${l} is missing.`,
        {
          hint: 'pass what thresholds() returned when the masks were made.',
        },
      );
    }
    const above_FO = tf.mul(tf.relu(tf.sub(q_FO, theta)), mask_FO);
    return powered(tf.div(above_FO, tf.add(tf.mean(above_FO), 1e-12)), strength);
  };
  return tf.tidy(() =>
    Object.fromEntries(
      Object.entries(q).map(([name, q_FO], l) => {
        const mask_FO = param(masks, name);
        if (!straightThrough) return [name, gate(q_FO, mask_FO, l)];
        const crossed = tf.customGrad((...args: unknown[]) => ({
          value: gate(args[0] as tf.Tensor, mask_FO, l),
          gradFunc: (dy: tf.Tensor) => dy.clone(),
        }));
        return [name, crossed(q_FO)];
      }),
    ),
  );
}

/**
 * Which gradients the weights and the gates get (section 8).
 * `constant-kernel`: MNet round, the gates alone. `feedback`: TNet round, dL/dW = dL/dW', dead connections
 * included; the gates are constants. `chain-rule`: dL/dW = s dL/dW', and the gates theirs. `together`:
 * feedback for the weights, and the gates theirs, for training without alternation.
 */
export type GradientRule = 'constant-kernel' | 'feedback' | 'chain-rule' | 'together';

/** W * s of every modulated kernel, by parameter name; owned by the caller. Axes: pre- and post-neuron last. */
export function modulate(
  weights: Params,
  gates: Params,
  kernels: readonly ModulatedKernel[],
  rule: GradientRule,
): Record<string, tf.Tensor> {
  return tf.tidy(() =>
    Object.fromEntries(
      kernels.map(({ param: name }) => [name, modulated(param(weights, name), param(gates, name), rule)]),
    ),
  );
}

function modulated(weight: tf.Tensor, gate_FO: tf.Tensor, rule: GradientRule): tf.Tensor {
  switch (rule) {
    case 'chain-rule':
      return tf.mul(weight, gate_FO);
    case 'constant-kernel':
      return tf.mul(stopGradient(weight), gate_FO);
    case 'feedback':
      return unscaled(weight, gate_FO);
    case 'together':
      // The first term carries the gradient of W, the rest, which is zero in value, that of s.
      return tf.add(
        unscaled(weight, stopGradient(gate_FO)),
        tf.mul(stopGradient(weight), tf.sub(gate_FO, stopGradient(gate_FO))),
      );
  }
}

/** W * s, exactly, with the gradient of W: what `W + stop(W * s - W)` means. */
function unscaled(weight: tf.Tensor, gate_FO: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args: unknown[]) => ({
    value: tf.mul(args[0] as tf.Tensor, gate_FO),
    gradFunc: (dy: tf.Tensor) => dy.clone(),
  }));
  return op(weight);
}

/** q^eta; the usual 1 and 0 without a power. */
function powered(q_FO: tf.Tensor, strength: number): tf.Tensor {
  if (strength === 1) return q_FO;
  return strength === 0 ? tf.onesLike(q_FO) : tf.pow(q_FO, strength);
}
