// Pruning is a plan: chosen, printed, then applied (section 11).

import { MaNetError, type ModulatedKernel, type Network, type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { decideOn } from './decide.ts';
import { packMask, unpackMask } from './mask-text.ts';
import { parsePruneRule, type PruneRule } from './prune-rule.ts';
import type { HostMasks, HostScores } from './thresholds.ts';

/** What is left of one modulated kernel. */
export interface PlannedKernel {
  readonly param: string;
  readonly preNeurons: number;
  readonly postNeurons: number;
  /** Parameters that one connection is worth. */
  readonly area: number;
  readonly keptConnections: number;
  /** One bit per connection, row-major [F, O], lowest bit first, base64. */
  readonly mask: string;
}

/** Which connections go. Plain data: it is saved as JSON beside the weights. */
export interface PrunePlan {
  readonly network: string;
  readonly rule: PruneRule;
  readonly kernels: readonly PlannedKernel[];
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
export function planOfMasks(network: Network, masks: HostMasks, rule: PruneRule): PrunePlan {
  const kernels = maskedKernels(network, masks).map((kernel): PlannedKernel => {
    const { param: name, preNeurons, postNeurons, area } = kernel;
    const mask = maskOf(kernel, masks);
    const keptConnections = mask.reduce((sum, alive) => sum + Number(alive !== 0), 0);
    return { param: name, preNeurons, postNeurons, area, keptConnections, mask: packMask(mask) };
  });
  return {
    network: network.name,
    rule,
    kernels,
    removedParams: kernels.reduce((sum, k) => sum + k.area * (connections(k) - k.keptConnections), 0),
    totalParams: network.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
}

/** The masks of a plan, by parameter name, row-major [F, O]. Throws `bad-data` for a damaged plan. */
export function masksOfPlan(plan: PrunePlan): Record<string, Uint8Array> {
  return Object.fromEntries(
    plan.kernels.map((kernel) => [
      kernel.param,
      unpackMask(kernel.mask, connections(kernel), `plan for ${plan.network}, kernel ${kernel.param}`),
    ]),
  );
}

/**
 * The pruned network's parameters: every modulated kernel times its mask and, when given, the held gates
 * (then the result computes what the MA-Net computed); all others copied. The caller owns them. Throws
 * `network-mismatch` before it makes anything.
 */
export function applyPlan(params: Params, plan: PrunePlan, gates?: Params): Record<string, tf.Tensor> {
  const masks = masksOfPlan(plan);
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
      if (!(name in masks)) pruned[name] = value.clone();
    }
    for (const { param: name, preNeurons, postNeurons } of plan.kernels) {
      const mask_FO = tf.tensor2d(Float32Array.from(masks[name]!), [preNeurons, postNeurons]);
      const gate_FO = gates === undefined ? mask_FO : tf.mul(param(gates, name), mask_FO);
      pruned[name] = tf.mul(param(params, name), gate_FO);
    }
    return pruned;
  });
}

/** The kernels that have a mask: the others are whole. Throws `network-mismatch` for masks of other kernels. */
export function maskedKernels({ name, kernels }: Network, masks: HostMasks): readonly ModulatedKernel[] {
  const known = new Set(kernels.map((kernel) => kernel.param));
  const unknown = Object.keys(masks).find((param) => !known.has(param));
  if (unknown === undefined) return kernels.filter((kernel) => Object.hasOwn(masks, kernel.param));
  throw new MaNetError('network-mismatch', `${name} has no kernel "${unknown}" that a mask could be of.`, {
    hint: 'pass the masks of this network.',
  });
}

/** The mask of a kernel; throws `network-mismatch` when it is missing or of another size. */
export function maskOf(kernel: ModulatedKernel, masks: HostMasks): Uint8Array {
  const expected = kernel.preNeurons * kernel.postNeurons;
  const mask = masks[kernel.param];
  if (mask?.length !== expected) {
    throw new MaNetError(
      'network-mismatch',
      `Kernel "${kernel.param}" has ${expected} connections but its mask has ${mask?.length ?? 'none'}.`,
      { hint: 'pass the masks of this network, one per modulated kernel, before any compaction.' },
    );
  }
  return mask;
}

export function connections({ preNeurons, postNeurons }: PlannedKernel): number {
  return preNeurons * postNeurons;
}

/** 1234567 -> "1 234 567". */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ' ');
}

export function percent(part: number, of: number): string {
  return `${((100 * part) / Math.max(1, of)).toFixed(1)} %`;
}
