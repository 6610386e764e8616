// The network and the numbers of fixtures/neuron_level.json.

import { readFileSync } from 'node:fs';
import { defineNetwork, type Params } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { UnitGroup } from '../src/unit-groups.ts';
import { unitGroups } from '../src/unit-groups.ts';
import { selected } from './selected.ts';

type Nested = number | readonly Nested[];

export interface UnitCase {
  readonly name: string;
  readonly q: 'q1' | 'q2';
  readonly previousMasks: number | null;
  readonly rho: number;
  readonly cost: 'params' | 'macs' | 'both';
  readonly beta: number;
  readonly floor: number;
  readonly floorUnits: number;
  readonly minimum: readonly number[];
  readonly unitCost: readonly number[];
  readonly scores: readonly (readonly number[])[];
  readonly masks: readonly (readonly number[])[];
  readonly alive: readonly number[];
  readonly params: number;
  readonly macs: number;
  readonly reached: boolean;
}

interface NeuronLevel {
  readonly layers: readonly {
    readonly name: string;
    readonly weight: Nested;
    readonly bias: readonly number[] | null;
    readonly bn: Readonly<Record<'gain' | 'offset' | 'mean' | 'var', readonly number[]>> | null;
  }[];
  readonly modulated: readonly string[];
  readonly q1: readonly Nested[];
  readonly q2: readonly Nested[];
  readonly fullParams: number;
  readonly fullMacs: number;
  readonly cases: readonly UnitCase[];
  readonly forward: {
    /** [N][C][H][W]. */
    readonly x: Nested;
    readonly plain: Nested;
    readonly q: 'q1' | 'q2';
    readonly masks: number;
    readonly gates: readonly Nested[];
    readonly output: Nested;
    readonly compactAlive: readonly number[];
    readonly compactOutput: Nested;
  };
}

export const oracle = JSON.parse(
  readFileSync(new URL('../fixtures/neuron_level.json', import.meta.url), 'utf8'),
) as NeuronLevel;

/** Two residual blocks, the second one with a projected shortcut; the classifier is modulated, the stem is not. */
export const network = selected(
  defineNetwork('neuron-level', { images: [8, 8, 3] }, (net, { images }) => {
    const norm = (
      name: string,
      out: number,
      kernel: number,
      stride: number,
      x: typeof images,
    ): typeof images => net.batchNorm(`${name}.bn`, net.conv(name, x, { out, kernel, stride }));
    let x = net.relu(net.batchNorm('stem.bn', net.conv('stem', images, { out: 6, kernel: 3, stride: 2 })));
    x = net.relu(net.add(norm('block0.c2', 6, 3, 1, net.relu(norm('block0.c1', 5, 3, 1, x))), x));
    const shortcut = norm('block1.sc', 8, 1, 2, x);
    x = net.relu(net.add(norm('block1.c2', 8, 3, 1, net.relu(norm('block1.c1', 7, 3, 2, x))), shortcut));
    return { logits: net.dense('fc', net.globalAveragePool(x), { out: 4 }) };
  }),
  { outputs: true },
);

export function weights(): { params: Params; stats: Params } {
  const params: Record<string, tf.Tensor> = {};
  const stats: Record<string, tf.Tensor> = {};
  for (const { name, weight, bias, bn } of oracle.layers) {
    params[`${name}.weight`] = tf.tensor(weight as number[][]);
    if (bias !== null) params[`${name}.bias`] = tf.tensor([...bias]);
    if (bn === null) continue;
    params[`${name}.bn.weight`] = tf.tensor([...bn.gain]);
    params[`${name}.bn.bias`] = tf.tensor([...bn.offset]);
    stats[`${name}.bn.running_mean`] = tf.tensor([...bn.mean]);
    stats[`${name}.bn.running_var`] = tf.tensor([...bn.var]);
  }
  return { params, stats };
}

export const kernels = network.kernels;

/** The groups in the oracle's order: stage 0, stage 1, the inner ones of both blocks. */
export const groups: readonly UnitGroup[] = ['stem', 'block1.c2', 'block0.c1', 'block1.c1'].map((writer) => {
  const found = unitGroups(network, kernels).find(({ group }) =>
    group.members.some(({ tensor, role }) => role === 'write' && tensor === `${writer}.weight`),
  );
  return found!;
});

/** q of every kernel, [F, O] row-major. */
export function scoresOf(which: 'q1' | 'q2'): Record<string, Float32Array> {
  return Object.fromEntries(
    oracle.modulated.map((name, l) => [
      `${name}.weight`,
      Float32Array.from((oracle[which][l] as number[][]).flat()),
    ]),
  );
}

/** Images [N, H, W, C]. */
export function images(): tf.Tensor4D {
  return tf.transpose(tf.tensor4d(oracle.forward.x as number[][][][]), [0, 2, 3, 1]);
}
