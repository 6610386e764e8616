// From a trained run to an ordinary network: the gates folded into the kernels, dead connections at zero,
// dead channels gone (section 11).

import { type Batch, cloneParams, MaNetError, type Removal } from '@ma-net/core';
import type { TrainedNetwork } from '@ma-net/export/node';
import {
  applyCompaction,
  type CompactionPlan,
  describeCompaction,
  describeGroup,
  describePlan,
  parsePruneRule,
  planCompaction,
  planOfMasks,
  type PrunePlan,
  type PruneRule,
} from '@ma-net/mnet';
import { recalibrate, type TrainingState } from '@ma-net/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { shortName } from './choose.ts';
import type { ClosedRun, RunData } from './open.ts';

/** What is to go, decided and not yet applied. */
export interface Decision {
  /** Absent for a run in which nothing was ever decided about. */
  readonly plan?: PrunePlan;
  readonly compaction?: CompactionPlan;
  /** How the method carries the plan out. */
  readonly removal?: Removal;
}

export interface DecisionOptions {
  /** Another rule than the one trained with. */
  readonly rule?: PruneRule;
  /** Leave every channel in place. */
  readonly dense: boolean;
}

/** Decides what to remove from a run, without touching a weight. Throws `prune-refused` or `bad-argument`. */
export async function decide<B extends Batch>(
  open: ClosedRun<B>,
  state: TrainingState,
  { rule, dense }: DecisionOptions,
): Promise<Decision> {
  const { network, recipe, training } = open;
  const removal = await training.removal?.(state.sections, rule);
  if (removal === undefined) {
    if (rule === undefined) return {};
    throw new MaNetError(
      'prune-refused',
      'No connection of this run was ever decided about, so none is weak.',
      {
        where: `method "${shortName(recipe.method)}", mini-batch ${state.step}`,
        hint: 'train with --method ma-net or --method magnitude, past the plain rounds.',
      },
    );
  }
  const plan = planOfMasks(network, removal.masks, parsePruneRule(removal.rule));
  if (dense) return { plan, removal };
  return { plan, removal, compaction: planCompaction(network, removal.masks) };
}

/** Runs of neighbouring units that a line of a group lists, where all groups are shown. */
const RUNS = 6;

/**
 * The coupling groups that a decision cuts, with their members and what goes of each; or the one called `group`, whole or
 * not. Throws `unknown-name` for a group that the network does not have.
 */
export function describeGroups(
  { network }: Pick<ClosedRun, 'network'>,
  { compaction }: Decision,
  group?: string,
): string {
  const cuts = compaction?.cuts ?? [];
  if (group !== undefined) return describeGroup(network, group, { cuts });
  return cuts.map((cut) => describeGroup(network, cut.group, { cuts, runs: RUNS })).join('\n\n');
}

/** What a decision would do, for people. */
export function describeDecision(
  { network }: Pick<ClosedRun, 'network'>,
  { plan, compaction }: Decision,
): string {
  if (plan === undefined) return 'Nothing was modulated, so nothing is removed.';
  if (compaction === undefined) return describePlan(plan, network);
  const channels =
    compaction.cuts.length === 0
      ? '  No channel lost all its readers: compaction leaves every width as it is.'
      : describeCompaction(network, compaction);
  return `${describePlan(plan, network)}\n\n${channels}`;
}

/** Training samples as they are, to estimate running statistics from. */
type Samples<B extends Batch> = Pick<RunData<B>, 'recalibrationBatches'>;

export interface PrepareOptions<B extends Batch> {
  /** Estimate the running statistics again in any case. */
  readonly again: boolean;
  /** Opens the data of the run; asked only where statistics are estimated again. */
  readonly open: () => Promise<Samples<B>>;
}

/**
 * Applies a decision; the caller owns the tensors. The running statistics are estimated again when the
 * outputs change anyway, or when asked for. Throws what opening the data throws then.
 */
export async function prepare<B extends Batch>(
  { task, network }: Pick<ClosedRun<B>, 'task' | 'network'>,
  state: TrainingState,
  decision: Decision,
  { again, open }: PrepareOptions<B>,
): Promise<TrainedNetwork> {
  const { removal } = decision;
  const { params: trained, stats: running } = state.sections;
  const samples = again || removal?.moved === true ? await open() : undefined;
  const params = removal === undefined ? cloneParams(trained) : removal.weights();
  const stats =
    samples === undefined
      ? cloneParams(running)
      : await recalibrate(task, { params, stats: running }, samples.recalibrationBatches());
  if (decision.compaction === undefined) return { network, params, stats };
  const compacted = applyCompaction(network, params, stats, decision.compaction);
  tf.dispose([params, stats] as tf.TensorContainer);
  return compacted;
}
