// The loop of every method. What happens at every mini-batch is here, top to bottom; everything else listens.

import {
  type Batch,
  type BatchSource,
  evaluate,
  type ForwardContext,
  Rng,
  sync,
  type Task,
  type Training,
} from '@ma-net/core';
import * as tf from '@tensorflow/tfjs-core';
import { asUsed, beginAverages } from './averages.ts';
import { draw, partsOf } from './draw.ts';
import type { EvaluatedSet, Listener } from './events.ts';
import { refuseNonFinite, refuseNonFiniteMeasures } from './finite.ts';
import { restingSlots } from './optimizers.ts';
import { readNumbers } from './numbers.ts';
import type { TrainingOptions } from './options.ts';
import { averaged, inStep, ownPart, refuseDifferentWeights, type Sharing } from './ranks.ts';
import { roundAt } from './rounds.ts';
import { learningRateAt } from './schedules.ts';
import { become, replace, section, slotsOf, type TrainingState } from './state.ts';
import { keep, trainedSections, updateOf } from './update.ts';

export interface Run<B extends Batch> {
  readonly task: Task<B>;
  /** The method, opened for this task and this budget. */
  readonly training: Training<B>;
  readonly options: TrainingOptions;
  readonly source: BatchSource<B>;
  readonly state: TrainingState;
  readonly listen: Listener;
  /**
   * Test batches for the measures at the end, and in between where nothing is held out; none means that they are never
   * looked at.
   */
  readonly evaluationBatches?: () => AsyncIterable<B> | Iterable<B>;
  /** Batches that are held out, for the measures in between and at the end. */
  readonly validationBatches?: () => AsyncIterable<B> | Iterable<B>;
  /** Mini-batches between two evaluations; one epoch unless given. */
  readonly evaluateEvery?: number;
  /** Writes the state away; called at every evaluation, at the end and before an interrupted run stops. */
  readonly save?: (state: TrainingState) => Promise<void>;
  /** Mini-batches between two calls of `save`; one epoch unless given. */
  readonly saveEvery?: number;
  /** Ends the run after the current mini-batch, once it is saved. */
  readonly signal?: AbortSignal;
  /**
   * The other ranks of a data-parallel run, which all call this with the same state and the same source. Rank 0 evaluates,
   * saves and listens; the others give none of these.
   */
  readonly sharing?: Sharing;
}

const EVALUATED_AT_END: readonly EvaluatedSet[] = ['validation', 'test'];

/** Ranks drop other units: they see other samples. */
const contextOf = (rng: Rng, progress: number, sharing: Sharing | undefined): ForwardContext =>
  sharing === undefined
    ? { training: true, rng, progress }
    : { training: true, progress, rng: rng.split('rank').split(sharing.ranks.rank), ranks: inStep(sharing) };

/** Trains from the state's mini-batch to the last. Resuming is starting with the state of a checkpoint. */
export async function fit<B extends Batch>(run: Run<B>): Promise<void> {
  const { task, training, options, source, state, listen, signal, sharing } = run;
  const { budget } = options;
  const { rounds, warnings = [] } = training;
  const sections = trainedSections(task.network, training, options);
  for (const [name, { optimization }] of Object.entries(sections)) {
    const slots = slotsOf(name);
    replace(state, slots, restingSlots(optimization.optimizer, section(state, name), section(state, slots)));
  }
  if (options.ema !== undefined) beginAverages(state);
  // Materialise the optimiser's zeros first: otherwise step 0 has constants where later steps have inputs, and
  // compiles a graph that is used once.
  await sync();
  if (sharing !== undefined) source.share?.(sharing.ranks);
  const dropout = Rng.fromSeed(options.seed).split('dropout');
  const evaluateEvery = run.evaluateEvery ?? source.batchesPerEpoch;
  const batchesOf = { validation: run.validationBatches, test: run.evaluationBatches };
  const watched: EvaluatedSet = run.validationBatches === undefined ? 'test' : 'validation';
  const saveEvery = run.saveEvery ?? source.batchesPerEpoch;
  /** The mini-batch of the last checkpoint; a resumed run begins with one. */
  let saved = state.step === 0 ? undefined : state.step;
  const save = async (): Promise<void> => {
    if (run.save === undefined || saved === state.step) return;
    await run.save(state);
    saved = state.step;
    await listen({ type: 'checkpoint', step: state.step });
  };
  await listen({ type: 'start', step: state.step, budget, rounds, warnings });

  while (state.step < budget) {
    const b = state.step;
    const started = performance.now();
    const round = roundAt(rounds, b);
    if (b === round.start) await listen({ type: 'round', step: b + 1, round });

    const decision = await training.before?.(b, round, state.sections);
    for (const [name, tensors] of Object.entries(decision?.replaced ?? {})) become(state, name, tensors);
    if (decision?.change !== undefined) await listen({ type: 'masks', step: b + 1, ...decision.change });

    const drawn = await draw(source, round);
    const batch =
      sharing === undefined || source.share !== undefined
        ? drawn
        : ownPart(drawn, sharing.ranks, (source.views ?? 1) * partsOf(round));
    const own = await training.step(
      b,
      round,
      state.sections,
      batch,
      contextOf(dropout.split(b), b / budget, sharing),
    );
    tf.dispose(batch as tf.TensorContainerObject);
    const shared =
      sharing === undefined ? undefined : await averaged(own, sharing.ranks, signal?.aborted === true);
    const step = shared?.step ?? own;
    const schedule = round.schedule ?? { start: 0, length: budget };
    const update = updateOf(step, state, sections, { b, schedule, ema: options.ema });
    const { numbers, others } = await readNumbers(step.terms, update.norms, shared && [shared.stop]);
    /** Whether any rank was asked to stop before this mini-batch. */
    const stop = others.some((share) => share > 0);
    try {
      refuseNonFinite(numbers, { b, round, saved });
    } catch (error) {
      // The state stays what it was after the mini-batch before.
      tf.dispose(update.sections as unknown as tf.TensorContainer);
      throw error;
    }
    keep(state, update);
    state.step++;
    await listen({
      type: 'step',
      step: state.step,
      round,
      ...numbers,
      learningRate: learningRateAt(
        options.schedule,
        options.learningRate,
        b - schedule.start,
        schedule.length,
      ),
      seconds: (performance.now() - started) / 1000,
    });

    const over = state.step === budget;
    const between: readonly EvaluatedSet[] = state.step % evaluateEvery === 0 ? [watched] : [];
    for (const set of over ? EVALUATED_AT_END : between) {
      const batches = batchesOf[set];
      if (batches === undefined) continue;
      const used = asUsed(state).sections;
      const params = training.weights(used);
      const measures = await evaluate(task, { params, stats: used.stats }, batches());
      tf.dispose(params as tf.TensorContainerObject);
      refuseNonFiniteMeasures(measures, { step: state.step, saved });
      await listen({ type: 'evaluation', step: state.step, set, measures });
    }
    if (sharing !== undefined && (over || state.step % saveEvery === 0))
      await refuseDifferentWeights(state, sharing.ranks);
    if (over || state.step % saveEvery === 0) await save();
    if ((sharing === undefined ? signal?.aborted : stop) && !over) {
      await save();
      await listen({ type: 'end', step: state.step, reason: 'interrupted' });
      return;
    }
  }
  await save();
  await listen({ type: 'end', step: state.step, reason: 'budget' });
}
