// How much a unit is worth: the mean gliotransmitter that its readers receive from it, or, for structured
// magnitude pruning, the length of everything that belongs to it.
//
// Suffixes: F pre-neurons, O post-neurons of a kernel.

import { MaNetError, type ModulatedKernel, type Params, param } from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import type { HostScores } from './thresholds.ts';
import { livingPostNeurons, span, type UnitGroup, type UnitMasks } from './unit-groups.ts';

/** One score for every unit, group by group; the larger, the longer it stays. */
export type UnitScores = readonly Float64Array[];

/**
 * S_g[u]: the mean, over the kernels that read group g, of r_l[u], the mean of q_l over the living
 * post-neurons of l (and over the pre-neurons of the unit, where they are several). With softmax, where a
 * kernel reads one group only, the mean of S_g over its units is 1. Dead units have a score too.
 *
 * `q` is [F, O] row-major by kernel; `masks` are those in force before. Throws `non-finite`.
 */
export function unitScores(
  groups: readonly UnitGroup[],
  kernels: readonly ModulatedKernel[],
  q: HostScores,
  masks: UnitMasks,
): Float64Array[] {
  const living = livingPostNeurons(groups, kernels, masks);
  const released = new Map<string, Float64Array>();
  for (const { readers } of groups) {
    for (const { kernel } of readers) {
      if (!released.has(kernel.param))
        released.set(kernel.param, meanOverPosts(kernel, q, living.get(kernel.param)!));
    }
  }
  return groups.map(({ units, readers }) =>
    Float64Array.from({ length: units }, (_, unit) => {
      let sum = 0;
      for (const { kernel, members } of readers) {
        const r_F = released.get(kernel.param)!;
        let [total, count] = [0, 0];
        for (const member of members) {
          const { from, to } = span(member, unit);
          for (let i = from; i < to; i++) total += r_F[i]!;
          count += to - from;
        }
        sum += total / count;
      }
      return sum / readers.length;
    }),
  );
}

/** r_l [F]. A kernel all of whose post-neurons are dead says nothing about its pre-neurons: all 1. */
function meanOverPosts(
  { param: name, preNeurons, postNeurons }: ModulatedKernel,
  q: HostScores,
  living_O: Uint8Array,
): Float64Array {
  const q_FO = q[name];
  const alive = living_O.reduce((sum, m) => sum + m, 0);
  const r_F = new Float64Array(preNeurons).fill(1);
  for (let i = 0; i < preNeurons && alive > 0; i++) {
    let sum = 0;
    for (let o = 0; o < postNeurons; o++) if (living_O[o] !== 0) sum += q_FO?.[i * postNeurons + o] ?? NaN;
    if (!Number.isFinite(sum)) {
      throw new MaNetError('non-finite', `Pre-neuron ${i} of "${name}" has no finite score.`, {
        where: 'scores of units',
        hint: 'resume from the last checkpoint with a lower learning rate, or add a warm-up.',
      });
    }
    r_F[i] = sum / alive;
  }
  return r_F;
}

/**
 * Structured magnitude: the squared length of everything that belongs to a unit (slices of the kernels that
 * write and read it, gains of its normalisations; no biases), as the mean over its members, relative to the
 * mean over the units of its group (Fang et al. 2023, "DepGraph", arXiv:2301.12900, section 3.3). Reads back.
 */
export async function unitMagnitudes(
  groups: readonly UnitGroup[],
  kernels: readonly string[],
  params: Params,
): Promise<Float64Array[]> {
  const isKernel = new Set(kernels);
  const counted = groups.map(({ group }) =>
    group.members.filter(({ tensor, role }) =>
      role === 'norm' ? tensor.endsWith('.weight') && tensor in params : isKernel.has(tensor),
    ),
  );
  const squares = tf.tidy(() => {
    const made: Record<string, tf.Tensor> = {};
    for (const { tensor, axis } of counted.flat()) {
      const value = param(params, tensor);
      const others = value.shape.flatMap((_, other) => (other === axis ? [] : [other]));
      made[`${axis} ${tensor}`] ??= tf.sum(tf.square(value), others);
    }
    return made as tf.TensorContainerObject;
  }) as Record<string, tf.Tensor>;
  const host = new Map<string, Float32Array>();
  for (const [key, value] of Object.entries(squares)) host.set(key, (await value.data()) as Float32Array);
  tf.dispose(squares as tf.TensorContainerObject);
  return groups.map(({ units }, g) => {
    const members = counted[g]!;
    const raw = Float64Array.from({ length: units }, (_, unit) => {
      let sum = 0;
      for (const member of members) {
        const squares_C = host.get(`${member.axis} ${member.tensor}`)!;
        const { from, to } = span(member, unit);
        for (let i = from; i < to; i++) sum += squares_C[i]!;
      }
      return sum / members.length;
    });
    const mean = raw.reduce((sum, score) => sum + score, 0) / units;
    return mean === 0 ? raw.fill(1) : raw.map((score) => score / mean);
  });
}
