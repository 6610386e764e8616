// Algorithm 1. What happens at every mini-batch is here, top to bottom; everything else listens.

import {
  type Batch,
  type BatchSource,
  type ForwardContext,
  MaNetError,
  Rng,
  sync,
  type Task,
} from '@ma-net/core';
import type { MNet } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import type { Listener } from './events.ts';
import {
  beginRound,
  effectiveParams,
  iterate,
  type Modulation,
  previewMasks,
  rankMagnitudes,
} from './modulation.ts';
import type { TrainingOptions } from './options.ts';
import { defaultAstrocyteIterations, planRounds, type Round, roundAt } from './rounds.ts';
import { restingSlots } from './optimizers.ts';
import { learningRateAt } from './schedules.ts';
import { become, replace, SECTIONS, type TrainingState } from './state.ts';
import {
  astrocyteStep,
  jointStep,
  phiOptimizer,
  type StepContext,
  type StepResult,
  weightStep,
} from './steps.ts';
import { watchMasks } from './watch-masks.ts';

export interface Run<B extends Batch> {
  readonly task: Task<B>;
  readonly options: TrainingOptions;
  readonly source: BatchSource<B>;
  /** Absent for the plain baseline. Magnitude pruning uses its descriptors and no more. */
  readonly mnet?: MNet;
  readonly state: TrainingState;
  readonly listen: Listener;
  /** Test batches for the measures in between and at the end; none means no evaluation. */
  readonly evaluationBatches?: () => Iterable<B>;
  /** Mini-batches between two evaluations; one epoch unless given. */
  readonly evaluateEvery?: number;
  /** Writes the state away; called at every evaluation, at the end and before an interrupted run stops. */
  readonly save?: (state: TrainingState) => Promise<void>;
  /** Mini-batches between two calls of `save`; one epoch unless given. */
  readonly saveEvery?: number;
  /** Ends the run after the current mini-batch, once it is saved. */
  readonly signal?: AbortSignal;
}

/** The rounds of a run and what its modulation needs; derived, so that resuming finds the same. */
function planRun<B extends Batch>({
  options,
  source,
  mnet,
}: Pick<Run<B>, 'options' | 'source' | 'mnet'>): {
  readonly rounds: readonly Round[];
  readonly modulation: Modulation | undefined;
} {
  const { method, modulation, budget } = options;
  const { batchesPerEpoch } = source;
  const astrocytes = method === 'ma-net' ? mnet!.options.astrocytes : 0;
  const rounds = planRounds({
    budget,
    batchesPerEpoch,
    plainRounds: method === 'plain' ? Number.POSITIVE_INFINITY : modulation.plainRounds,
    astrocyteIterations:
      method === 'ma-net'
        ? (modulation.astrocyteIterations ?? defaultAstrocyteIterations(batchesPerEpoch, astrocytes))
        : 0,
    alternate: modulation.alternate,
  });
  const plain = rounds.filter(({ kind }) => kind === 'plain').reduce((sum, { length }) => sum + length, 0);
  if (method === 'plain' || mnet === undefined) return { rounds, modulation: undefined };
  return {
    rounds,
    modulation: { mnet, options: modulation, ramp: { plain, budget, ramp: modulation.ramp } },
  };
}

/** Trains from the state's mini-batch to the last. Resuming is starting with the state of a checkpoint. */
export async function fit<B extends Batch>(run: Run<B>): Promise<void> {
  const { task, options, source, state, listen, signal } = run;
  const { rounds, modulation } = planRun(run);
  const { budget } = options;
  const context: StepContext<B> = {
    task,
    optimizer: options.optimizer,
    modulation,
    weightRule: options.method === 'ma-net' && options.modulation.feedback ? 'feedback' : 'chain-rule',
  };
  replace(state, 'optimizer', restingSlots(options.optimizer, state.params, state.optimizer));
  if (modulation !== undefined) {
    const resting = restingSlots(phiOptimizer(modulation.options), state.phi, state.phiOptimizer);
    replace(state, 'phiOptimizer', resting);
  }
  // What begins as a constant is made now, not inside the first step, whose graph would be one of its own.
  await sync();
  const masks = await watchMasks(modulation?.mnet.kernels ?? [], state);
  const dropout = Rng.fromSeed(options.seed).split('dropout');
  const evaluateEvery = run.evaluateEvery ?? source.batchesPerEpoch;
  const saveEvery = run.saveEvery ?? source.batchesPerEpoch;
  let saved = -1;
  const save = async (): Promise<void> => {
    if (run.save === undefined || saved === state.step) return;
    await run.save(state);
    saved = state.step;
    await listen({ type: 'checkpoint', step: state.step });
  };
  await listen({ type: 'start', step: state.step, budget, rounds });

  while (state.step < budget) {
    const b = state.step;
    const started = performance.now();
    const round = roundAt(rounds, b);
    const position = b - round.start;
    if (position === 0) await listen({ type: 'round', step: b, round });

    if (modulation !== undefined && round.kind !== 'plain') {
      await prepare(options.method, modulation, state, round, b);
      const change = await masks.changes(state);
      if (change !== undefined) await listen({ type: 'masks', step: b, ...change });
    }

    const learningRate = learningRateAt(options.schedule, options.learningRate, b, budget);
    const phiLearningRate = learningRateAt(
      { name: 'cosine' },
      options.modulation.astrocyteLearningRate,
      b,
      budget,
    );
    const batch = await source.next();
    const ctx: ForwardContext = { training: true, rng: dropout.split(b) };
    const result = takeStep(options, context, state, batch, ctx, round.kind, {
      b,
      learningRate,
      phiLearningRate,
    });
    tf.dispose(batch);
    apply(state, result);
    if (round.kind === 'astrocytes' || round.kind === 'joint') state.pointer++;
    state.step++;

    // The only number that is read back at every mini-batch; a run that left the numbers must not be saved.
    const [[loss]] = await Promise.all([result.terms['loss']!.data(), sync()]);
    tf.dispose(result.terms);
    refuseNonFinite(loss!, round, b, saved);
    await listen({
      type: 'step',
      step: state.step,
      round,
      loss: loss!,
      learningRate,
      seconds: (performance.now() - started) / 1000,
    });

    const over = state.step === budget;
    if (run.evaluationBatches !== undefined && (over || state.step % evaluateEvery === 0)) {
      const params = effectiveParams(modulation?.mnet, state);
      const measures = await task.evaluate(params, state.stats, run.evaluationBatches());
      tf.dispose(params as tf.TensorContainerObject);
      await listen({ type: 'evaluation', step: state.step, measures });
    }
    if (over || state.step % saveEvery === 0) await save();
    if (signal?.aborted && !over) {
      await save();
      await listen({ type: 'end', step: state.step, reason: 'interrupted' });
      return;
    }
  }
  await save();
  await listen({ type: 'end', step: state.step, reason: 'budget' });
}

/** What has to be decided before a mini-batch of a modulated round: history, iterations, masks. */
async function prepare(
  method: TrainingOptions['method'],
  modulation: Modulation,
  state: TrainingState,
  round: Round,
  b: number,
): Promise<void> {
  const position = b - round.start;
  if (method === 'magnitude') return rankMagnitudes(modulation, state, b, position);
  if (position === 0) beginRound(modulation, state);
  const { refresh, attach } = modulation.options;
  if (round.kind === 'neurons' && !attach) {
    if (position % refresh === 0) await iterate(modulation, state, b, position);
  } else {
    await previewMasks(modulation, state, b, position);
  }
}

interface Rates {
  readonly b: number;
  readonly learningRate: number;
  readonly phiLearningRate: number;
}

function takeStep<B extends Batch>(
  { method, modulation }: TrainingOptions,
  context: StepContext<B>,
  state: TrainingState,
  batch: B,
  ctx: ForwardContext,
  kind: Round['kind'],
  { b, learningRate, phiLearningRate }: Rates,
): StepResult {
  if (kind === 'astrocytes')
    return astrocyteStep(context, state, batch, ctx, { b, learningRate: phiLearningRate });
  if (kind === 'joint')
    return jointStep(context, state, batch, ctx, { b, learningRate, phiLearningRate, trainPhi: true });
  if (kind === 'neurons' && method === 'ma-net' && modulation.attach) {
    return jointStep(context, state, batch, ctx, { b, learningRate, phiLearningRate, trainPhi: false });
  }
  return weightStep(context, state, batch, ctx, learningRate);
}

function apply(state: TrainingState, result: StepResult): void {
  for (const section of SECTIONS) {
    const next = (result as Partial<Record<typeof section, Record<string, tf.Tensor>>>)[section];
    if (next === undefined) continue;
    if (section === 'q' || section === 'gates' || section === 'cells') become(state, section, next);
    else replace(state, section, next);
  }
}

function refuseNonFinite(loss: number, round: Round, b: number, saved: number): void {
  if (Number.isFinite(loss)) return;
  const kept =
    saved < 0 ? 'nothing was saved in this session' : `the checkpoint of mini-batch ${saved} is whole`;
  throw new MaNetError('non-finite', `The loss became ${loss}; expected a finite number.`, {
    where: `mini-batch ${b}, round ${round.index} (${round.kind})`,
    hint: `${kept}; lower the learning rate (${round.kind === 'astrocytes' ? 'modulation.astrocyteLearningRate' : 'optimizer.learningRate'}) or add a warm-up, then start again or resume.`,
  });
}
