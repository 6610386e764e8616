// The life of masks (section 8): when they are decided anew, by which rule, and what changed. They cross the border to
// the host once each way, and only when they are decided.

import type {
  Decision,
  MaskChange,
  Masks,
  ModulatedKernel,
  Network,
  Params,
  Round,
  Sections,
} from '@ma-net/core';
import {
  decideOn,
  type Decider,
  describeRule,
  type HostScores,
  type PruneRule,
  targetOf,
  type UnitScores,
  withTargets,
} from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { masksMayChange, type Ramp, removedAt } from './ramps.ts';

export interface MaskOptions {
  readonly prune: PruneRule;
  /** Part of the modulated phase after which masks stay. */
  readonly freeze: number;
  readonly maskEvery: 'round' | 'iteration';
}

/** New masks and the thresholds that made them, as tensors that the caller owns; and what changed. */
export interface NewMasks {
  readonly masks: Params;
  /** theta of every kernel. */
  readonly thetas: readonly number[];
  readonly change: MaskChange;
}

/** Decides about the connections of one run. */
export interface MaskKeeper {
  readonly decider: Decider;
  /** Whether masks are to be decided at mini-batch `b`, in `round`. */
  due(b: number, round: Round, state: Sections): boolean;
  /** Decides anew who is dead, from scores of connections, which are read back, or of units besides. */
  renew(b: number, scores: Params, state: Sections, units?: UnitScores): Promise<NewMasks>;
  /** The masks in force, on the host; undefined before the first decision. */
  held(state: Sections): Promise<Record<string, Uint8Array> | undefined>;
  /** Why the rule cannot be reached by a run of these rounds; undefined when it can. */
  shortfall(rounds: readonly Round[]): string | undefined;
}

export function maskKeeper(
  network: Network,
  { prune, freeze, maskEvery }: MaskOptions,
  ramp: Ramp,
): MaskKeeper {
  const { kernels } = network;
  const decider = decideOn(network);
  /** Those of the state, known by their tensors, so that nothing is read back twice. */
  let known: { readonly tensors: Params; readonly masks: Record<string, Uint8Array> } | undefined;
  const isKnown = (masks: Params): boolean =>
    kernels.every(({ param }) => masks[param] !== undefined && known?.tensors[param] === masks[param]);

  const held: MaskKeeper['held'] = async ({ masks = {} }) => {
    if (Object.keys(masks).length === 0) return undefined;
    if (!isKnown(masks)) known = { tensors: { ...masks }, masks: await readMasks(kernels, masks) };
    return known!.masks;
  };

  return {
    decider,
    held,
    due: (b, round, { masks = {} }) =>
      Object.keys(masks).length === 0 ||
      ((b === round.start || maskEvery === 'iteration') && masksMayChange(b, ramp, freeze)),

    async renew(b, scores, state, units) {
      const before = await held(state);
      const rule = withTargets(prune, (target) => removedAt(b, ramp, target));
      const { masks, thetas, removedParams } = decider.decide(
        rule,
        { connections: await readScores(kernels, scores), ...(units === undefined ? {} : { units }) },
        before,
      );
      const tensors = maskTensors(kernels, masks);
      known = { tensors, masks };
      return { masks: tensors, thetas, change: { ...maskChange(kernels, before, masks), removedParams } };
    },

    shortfall(rounds) {
      const target = targetOf(prune);
      if (target === undefined) return undefined;
      const why = decider.unreachable(prune);
      if (why !== undefined) return `${describeRule(prune)}, but ${why}.`;
      const decided = rounds.filter(({ kind }) => kind !== 'plain').map(({ start }) => start);
      const last = decided.findLast((start) => masksMayChange(start, ramp, freeze));
      const reached = last === undefined ? 0 : removedAt(lastDecision(rounds, last), ramp, target);
      if (reached >= 0.9 * target) return undefined;
      const when =
        last === undefined
          ? 'no round of this run decides about connections'
          : `connections are decided about for the last time at mini-batch ${last + 1} of ${ramp.budget}, when at most ${percent(reached)} may go`;
      return `${describeRule(prune)}, but ${when}: train for more epochs, with fewer plain rounds, or with a shorter ramp.`;

      /** With a decision at every iteration the last one is the last mini-batch before the masks freeze. */
      function lastDecision(all: readonly Round[], start: number): number {
        if (maskEvery === 'round') return start;
        const end = all.at(-1)!.start + all.at(-1)!.length - 1;
        return Math.min(end, Math.floor(ramp.plain + freeze * (ramp.budget - ramp.plain)));
      }
    },
  };
}

/** Masks as tensors [F, O] of float32, owned by the caller. */
export function maskTensors(kernels: readonly ModulatedKernel[], masks: Masks): Record<string, tf.Tensor> {
  return Object.fromEntries(
    kernels.map(({ param, preNeurons, postNeurons }) => [
      param,
      tf.tensor2d(Float32Array.from(masks[param]!), [preNeurons, postNeurons]),
    ]),
  );
}

/** Scores of every kernel, on the host. */
export async function readScores(kernels: readonly ModulatedKernel[], scores: Params): Promise<HostScores> {
  const host: Record<string, Float32Array> = {};
  for (const { param } of kernels) host[param] = (await scores[param]!.data()) as Float32Array;
  return host;
}

/** Shapes of tensors that have a number for every connection. */
export function connectionShapes(kernels: readonly ModulatedKernel[]): Record<string, readonly number[]> {
  return Object.fromEntries(
    kernels.map(({ param, preNeurons, postNeurons }) => [param, [preNeurons, postNeurons]]),
  );
}

/** A decision that consists of nothing but new masks. */
export const decisionOf = (replaced: Decision['replaced'], change: MaskChange | undefined): Decision =>
  change === undefined ? { replaced } : { replaced, change };

async function readMasks(
  kernels: readonly ModulatedKernel[],
  masks: Params,
): Promise<Record<string, Uint8Array>> {
  const read: Record<string, Uint8Array> = {};
  for (const { param } of kernels) read[param] = Uint8Array.from(await masks[param]!.data());
  return read;
}

/** Which connections came and went from one decision to the next, in all and by kernel; all lived where there was none before. */
export function maskChange(
  kernels: readonly ModulatedKernel[],
  before: Masks | undefined,
  after: Masks,
): Omit<MaskChange, 'removedParams'> {
  const change = { kept: 0, connections: 0, died: 0, revived: 0 };
  const keptByKernel: number[] = [];
  const channelsByKernel: number[] = [];
  for (const { param, preNeurons, postNeurons } of kernels) {
    const current = after[param]!;
    const keptBefore = change.kept;
    const old = before?.[param] ?? new Uint8Array(current.length).fill(1);
    change.connections += current.length;
    for (let i = 0; i < current.length; i++) {
      change.kept += current[i]!;
      change.died += old[i]! & ~current[i]! & 1;
      change.revived += ~old[i]! & current[i]! & 1;
    }
    keptByKernel.push(change.kept - keptBefore);
    const rows = Array.from({ length: preNeurons }, (_, f) =>
      current.subarray(f * postNeurons, (f + 1) * postNeurons),
    );
    channelsByKernel.push(rows.filter((row) => row.includes(1)).length);
  }
  return { ...change, keptByKernel, channelsByKernel };
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}
