// From a trained run to an ordinary network: the gates folded into the kernels, dead connections at zero,
// dead channels gone (section 11).

import { MaNetError, type Params } from '@ma-net/core';
import type { TrainedNetwork } from '@ma-net/export/node';
import {
  applyCompaction,
  applyPlan,
  type CompactionPlan,
  describeCompaction,
  describePlan,
  gatesOf,
  masksOf,
  masksOfPlan,
  planCompaction,
  planOfMasks,
  type PrunePlan,
  type PruneRule,
  thresholds,
} from '@ma-net/mnet';
import { recalibrate, type TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { hostMasks, hostScores } from './host-state.ts';
import type { OpenRun } from './open.ts';

/** What is to go, decided and not yet applied. */
export interface Decision {
  /** Absent for a run in which nothing was ever modulated. */
  readonly plan?: PrunePlan;
  readonly compaction?: CompactionPlan;
  /** theta of every kernel when it is another than the run was trained with, so that the outputs change. */
  readonly moved?: readonly number[];
}

export interface DecisionOptions {
  /** Another rule than the one trained with. */
  readonly rule?: PruneRule;
  /** Leave every channel in place. */
  readonly dense: boolean;
}

/** Decides what to remove from a run, without touching a weight. Throws `prune-refused` or `bad-argument`. */
export async function decide(
  open: OpenRun,
  state: TrainingState,
  { rule, dense }: DecisionOptions,
): Promise<Decision> {
  const { network, recipe } = open;
  if (Object.keys(state.masks).length === 0) {
    if (rule === undefined) return {};
    throw new MaNetError('prune-refused', 'No connection of this run was ever modulated, so none is weak.', {
      where: `method "${recipe.method}", mini-batch ${state.step}`,
      hint: 'train with --method ma-net or --method magnitude, past the plain rounds.',
    });
  }
  const decision =
    rule === undefined
      ? { plan: planOfMasks(network, await hostMasks(state), recipe.modulation.prune) }
      : await moveThreshold(open, state, rule);
  if (dense) return decision;
  return { ...decision, compaction: planCompaction(network, masksOfPlan(decision.plan)) };
}

/** Masks from the held scores, with another threshold. */
async function moveThreshold({ network }: OpenRun, state: TrainingState, rule: PruneRule) {
  const scores = await hostScores(state);
  const moved = thresholds(network.kernels, scores, rule);
  return { plan: planOfMasks(network, masksOf(network.kernels, scores, moved), rule), moved };
}

/** What a decision would do, for people. */
export function describeDecision({ network }: OpenRun, { plan, compaction }: Decision): string {
  if (plan === undefined) return 'Nothing was modulated, so nothing is removed.';
  if (compaction === undefined) return describePlan(plan);
  const channels =
    compaction.cuts.length === 0
      ? '  No channel lost all its readers: compaction leaves every width as it is.'
      : describeCompaction(network, compaction);
  return `${describePlan(plan)}\n\n${channels}`;
}

/**
 * Applies a decision; the caller owns the tensors. The running statistics are estimated again when the
 * outputs change anyway, or when asked for.
 */
export async function prepare(
  open: OpenRun,
  state: TrainingState,
  decision: Decision,
  { again }: { readonly again: boolean },
): Promise<TrainedNetwork> {
  const params = pruned(open, state, decision);
  const stats =
    again || decision.moved !== undefined
      ? await recalibrate(open.task, params, open.recalibrationBatches())
      : cloned(state.stats);
  if (decision.compaction === undefined) return { network: open.network, params, stats };
  const compacted = applyCompaction(open.network, params, stats, decision.compaction);
  tf.dispose([params, stats] as tf.TensorContainer);
  return compacted;
}

/** The weights with masks and gates folded in: the held gates, unless the threshold was moved. */
function pruned({ recipe, network }: OpenRun, state: TrainingState, { plan, moved }: Decision): Params {
  if (plan === undefined) return cloned(state.params);
  if (moved === undefined) return applyPlan(state.params, plan, state.gates);
  if (recipe.method === 'magnitude') return applyPlan(state.params, plan);
  return tf.tidy(() => {
    const { strength, cut } = recipe.modulation;
    const host = masksOfPlan(plan);
    const masks = Object.fromEntries(
      network.kernels.map(({ param, preNeurons, postNeurons }) => [
        param,
        tf.tensor2d(Float32Array.from(host[param]!), [preNeurons, postNeurons]),
      ]),
    );
    return applyPlan(state.params, plan, gatesOf(state.q, masks, { strength, cut, thresholds: moved }));
  });
}

function cloned(params: Params): Params {
  return Object.fromEntries(Object.entries(params).map(([name, t]) => [name, t.clone()]));
}
