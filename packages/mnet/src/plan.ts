// Pruning is a plan: chosen, printed, then applied (section 11).

import {
  type KeptConnections,
  keptConnections,
  MaNetError,
  type Masks,
  type Network,
  type Params,
  param,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { decideOn } from './decide.ts';
import { parsePruneRule, type PruneRule } from './prune-rule.ts';
import type { HostScores } from './thresholds.ts';

/** Which connections go. */
export interface PrunePlan {
  readonly network: string;
  readonly rule: PruneRule;
  /** Of the kernels that were decided about. */
  readonly masks: Masks;
  /** What is left of each of them, in forward order. */
  readonly kernels: readonly KeptConnections[];
  /** Parameters of the removed connections. */
  readonly removedParams: number;
  /** All parameters of the network. */
  readonly totalParams: number;
}

/** Chooses what to cut, by the relative probabilities q or any other scores, without touching a weight. */
export function planPruning(network: Network, scores: HostScores, rule: PruneRule): PrunePlan {
  const kernels = network.kernels.filter(({ param: name }) => Object.hasOwn(scores, name));
  const { masks } = decideOn(network, kernels).decide(parsePruneRule(rule), { connections: scores });
  return planOfMasks(network, masks, rule);
}

/** The plan that masks already in force amount to: with the held gates its export is exact. */
export function planOfMasks(network: Network, masks: Masks, rule: PruneRule): PrunePlan {
  const kernels = keptConnections(network, masks).filter(({ param: name }) => Object.hasOwn(masks, name));
  return {
    network: network.name,
    rule,
    masks,
    kernels,
    removedParams: kernels.reduce((sum, k) => sum + k.area * (connections(k) - k.keptConnections), 0),
    totalParams: network.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
}

/**
 * The pruned network's parameters: every modulated kernel times its mask and, when given, the held gates
 * (then the result computes what the MA-Net computed); all others copied. The caller owns them. Throws
 * `network-mismatch` before it makes anything.
 */
export function applyPlan(params: Params, plan: PrunePlan, gates?: Params): Record<string, tf.Tensor> {
  const { masks } = plan;
  for (const { param: name, preNeurons, postNeurons } of plan.kernels) {
    const found = param(params, name).shape;
    if (found.at(-2) !== preNeurons || found.at(-1) !== postNeurons) {
      throw new MaNetError(
        'network-mismatch',
        `The plan is for ${preNeurons} x ${postNeurons} connections, but the kernel is [${found.join(', ')}].`,
        {
          where: `plan for ${plan.network}, kernel ${name}`,
          hint: 'apply a plan to the network it was made on, before any compaction.',
        },
      );
    }
  }
  return tf.tidy(() => {
    const pruned: Record<string, tf.Tensor> = {};
    for (const [name, value] of Object.entries(params)) {
      if (!Object.hasOwn(masks, name)) pruned[name] = value.clone();
    }
    for (const { param: name, preNeurons, postNeurons } of plan.kernels) {
      const mask_FO = tf.tensor2d(Float32Array.from(masks[name]!), [preNeurons, postNeurons]);
      const gate_FO = gates === undefined ? mask_FO : tf.mul(param(gates, name), mask_FO);
      pruned[name] = tf.mul(param(params, name), gate_FO);
    }
    return pruned;
  });
}

export function connections({ preNeurons, postNeurons }: KeptConnections): number {
  return preNeurons * postNeurons;
}
