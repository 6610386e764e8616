// Numbers of an independent float32 implementation (PyTorch); fixtures/README.md says what they are.

import { readFileSync } from 'node:fs';
import { defineNetwork, type ModulatedKernel, type Params } from '@ma-net/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { MNetOptions } from '../src/options.ts';
import { type Fixed, tensorOf } from './tensors.ts';
import { selected } from './selected.ts';

type Named = Readonly<Record<string, Fixed>>;

interface Iteration {
  readonly tokens: Fixed;
  readonly columns: readonly Fixed[];
  readonly u: readonly Fixed[];
  readonly s: Fixed;
  readonly v: Fixed;
  readonly x: readonly Fixed[];
  readonly h: readonly (readonly Fixed[])[];
  readonly c: readonly (readonly Fixed[])[];
  readonly out: readonly Fixed[];
  readonly pooled: Fixed;
  readonly logits: readonly Fixed[];
  readonly q: readonly Fixed[];
  readonly state_pooled: Fixed;
}

export interface Alternate {
  readonly layers: readonly string[];
  readonly shapes: readonly (readonly [number, number, number])[];
  readonly owner: readonly number[];
  readonly target: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly lambda_: number;
  readonly clip: number;
  readonly temp: number;
  readonly weights: Named;
  readonly phi: Named;
  readonly x: Fixed;
  readonly y: readonly number[];
  readonly D: readonly Fixed[];
  readonly Dprev: readonly Fixed[];
  readonly plain_eval_logits: Fixed;
  readonly iterations: readonly Iteration[];
  readonly phi_step: {
    readonly active: number;
    readonly logits: readonly Fixed[];
    readonly q: readonly Fixed[];
    readonly thresholds: readonly number[];
    readonly mask: readonly Fixed[];
    readonly s: readonly Fixed[];
    readonly train_logits: Fixed;
    readonly L_data: number;
    readonly L_reg: number;
    readonly L_MN: number;
    readonly grads: Named;
    readonly grad_norm: number;
    readonly phi_after: Named;
    readonly running_after: Named;
  };
  readonly w_step: {
    readonly q: readonly Fixed[];
    readonly mask: readonly Fixed[];
    readonly s: readonly Fixed[];
    readonly train_logits: Fixed;
    readonly loss: number;
    readonly grads: Named;
    readonly weights_after: Named;
  };
  readonly fresh: { readonly q: readonly Fixed[] };
  readonly export: {
    readonly eval_logits: Fixed;
    readonly exported_eval_logits: Fixed;
    readonly exported: Named;
    readonly kept: number;
    readonly modulated: number;
    readonly total: number;
  };
}

export interface Units {
  readonly logits: Fixed;
  readonly softmax: Fixed;
  readonly sigmoid: Fixed;
  readonly sparsemax: Fixed;
  readonly temp2_softmax: Fixed;
  readonly ntxent: {
    readonly s: Fixed;
    readonly v: Fixed;
    readonly tau: number;
    readonly loss: number;
    readonly single: number;
  };
  readonly delta: {
    readonly shapes: readonly (readonly [number, number, number])[];
    readonly q: readonly Fixed[];
    readonly delta: number;
    readonly kappa: number;
    readonly thresholds: readonly number[];
    readonly mask: readonly Fixed[];
    readonly kept: number;
  };
  readonly target: {
    readonly frac: number;
    readonly thresholds: readonly number[];
    readonly mask: readonly Fixed[];
    readonly kept: number;
    readonly total: number;
  };
  readonly partition: {
    readonly shapes: readonly (readonly [number, number, number])[];
    readonly M: number;
    readonly depth: readonly number[];
    readonly interleave: readonly number[];
  };
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8'));

export const readAlternate = (): Alternate => read('alternate_chain_all.json') as Alternate;
export const readUnits = (): Units => read('units.json') as Units;

/** The task network of the oracle: two residual blocks, the second one with a projected shortcut. */
export const oracleNetwork = selected(
  defineNetwork('oracle', { images: [8, 8, 3] }, (net, { images }) => {
    const stem = net.conv('stem', images, { out: 4, kernel: 3, stride: 2 });
    let x = net.relu(net.batchNorm('bn', stem));
    const first = net.relu(net.batchNorm('blocks.0.b1', net.conv('blocks.0.c1', x, { out: 4, kernel: 3 })));
    const second = net.batchNorm('blocks.0.b2', net.conv('blocks.0.c2', first, { out: 4, kernel: 3 }));
    x = net.relu(net.add(second, x));
    const inner = net.conv('blocks.1.c1', x, { out: 6, kernel: 3, stride: 2 });
    const third = net.relu(net.batchNorm('blocks.1.b1', inner));
    const fourth = net.batchNorm('blocks.1.b2', net.conv('blocks.1.c2', third, { out: 6, kernel: 3 }));
    const shortcut = net.conv('blocks.1.sc', x, { out: 6, kernel: 1, stride: 2 });
    x = net.relu(net.add(fourth, net.batchNorm('blocks.1.bs', shortcut)));
    return { logits: net.dense('fc', net.globalAveragePool(x), { out: 3 }) };
  }),
);

/** Options of the oracle's MNet. */
export const oracleOptions: Partial<MNetOptions> = {
  astrocytes: 2,
  cells: 2,
  hidden: 8,
  rank: 4,
  bins: 4,
  reduction: 4,
  heads: 2,
};

/** Tensors of named fixtures; `names` picks. */
export function tensorsOf(
  fixed: Named,
  names: readonly string[] = Object.keys(fixed),
): Record<string, tf.Tensor> {
  return Object.fromEntries(names.map((name) => [name, tensorOf(fixed[name]!)]));
}

/** Tensors of a list with one entry per kernel. */
export function byKernel(kernels: readonly ModulatedKernel[], list: readonly Fixed[]): Params {
  return Object.fromEntries(kernels.map((kernel, l) => [kernel.param, tensorOf(list[l]!)]));
}

/** Kernels with the given [F, O, kernel size]. */
export function kernelsOf(shapes: readonly (readonly [number, number, number])[]): ModulatedKernel[] {
  return shapes.map(([preNeurons, postNeurons, width], l) => ({
    param: `layer${l}`,
    preAxis: 2,
    postAxis: 3,
    preNeurons,
    postNeurons,
    area: width * width,
    width,
  }));
}
