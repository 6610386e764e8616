// The method: Algorithm 1 as rounds, sections and steps.

import {
  type Batch,
  cloneParams,
  MaNetError,
  type Method,
  type Params,
  type Removal,
  type RunLength,
  type SectionSpec,
  type Task,
  type Training,
} from '@ma-net/core';
import {
  createMNet,
  gatesOf,
  letsUnitsGo,
  modulate,
  type MNet,
  parsePruneRule,
  type PruneRule,
  select,
  type Verdict,
} from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { connectionShapes, maskKeeper, maskTensors, readScores } from './masks.ts';
import { type Modulation, prepare } from './modulation.ts';
import { defaultMaNet, type MaNetChoices, type MaNetOptions } from './options.ts';
import {
  defaultAstrocyteIterations,
  defaultPlainRounds,
  plainBatches,
  planRounds,
  turnAt,
} from './rounds.ts';
import { astrocyteStep, type Given, togetherStep, weightStep } from './steps.ts';

/**
 * MA-Net: astrocytes modulate the connections of a network while it trains, and let the weak ones go. Throws when it
 * is opened for a network without connections, or with options that do not fit it.
 */
export function maNet(given: MaNetChoices = {}): Method {
  const options = { ...defaultMaNet, ...given } as MaNetOptions;
  return { name: 'ma-net', open: (task, length) => openMaNet(task, length, options) };
}

function openMaNet<B extends Batch>(task: Task<B>, length: RunLength, options: MaNetOptions): Training<B> {
  const network = { ...task.network, kernels: select(task.network, options.select) };
  const { kernels } = network;
  refuseSoftUnits(options);
  const mnet = createMNet(kernels, options.mnet);
  const rounds = planRounds({
    ...length,
    plainRounds: options.plainRounds ?? defaultPlainRounds(length),
    astrocyteIterations:
      options.astrocyteIterations ??
      defaultAstrocyteIterations(length.batchesPerEpoch, mnet.options.astrocytes),
    alternate: options.alternate,
  });
  const ramp = { plain: plainBatches(rounds), budget: length.budget, ramp: options.ramp };
  const keeper = maskKeeper(network, options, ramp);
  const modulation: Modulation = { mnet, options, ramp, masks: keeper };
  const shortfall = keeper.shortfall(rounds);
  const held = { mnet, rule: options.feedback ? 'feedback' : 'chain-rule' } as const;

  return {
    rounds,
    kernels,
    sections: sectionsOf(mnet, options),
    about: `${mnet.options.astrocytes} astrocytes`,
    ...(shortfall === undefined ? {} : { warnings: [shortfall] }),
    init: (rng) => ({ phi: mnet.init(rng.split('astrocytes')), cells: mnet.restState() }),

    before: async (b, round, state) =>
      round.kind === 'plain' ? undefined : prepare(modulation, b, round, state),

    async step(b, { kind }, state, batch, ctx) {
      const given: Given<B> = { task, state, batch, ctx };
      if (kind === 'plain') return weightStep(given);
      if (kind === 'astrocytes') return astrocyteStep(modulation, given, b, turnAt(rounds, b));
      if (kind === 'together') return togetherStep(modulation, given, b, turnAt(rounds, b));
      return options.throughDescriptors
        ? togetherStep(modulation, given, b, undefined)
        : weightStep(given, held);
    },

    weights: ({ params, gates = {} }) => effective(mnet, params, gates),

    async removal(state, asked) {
      const masks = await keeper.held(state);
      if (masks === undefined) return undefined;
      const { params, gates = {}, scores = {}, averages = {} } = state;
      if (asked === undefined)
        return { masks, rule: options.prune, moved: false, weights: () => effective(mnet, params, gates) };
      const rule = parsePruneRule(asked);
      const worth = options.scoreMemory === 0 ? scores : averages;
      const verdict = keeper.decider.decide(rule, { connections: await readScores(kernels, worth) }, masks);
      return underRule(mnet, options, params, scores, rule, verdict);
    },

    dispose: () => mnet.dispose(),
  };
}

/** What goes by another rule than the run was trained with, from the held relative probabilities. */
function underRule(
  mnet: MNet,
  { strength, cut }: MaNetOptions,
  params: Params,
  q: Params,
  rule: PruneRule,
  { masks, thetas }: Verdict,
): Removal {
  const weights = (): Params =>
    tf.tidy(() => {
      const gates = gatesOf(q, maskTensors(mnet.kernels, masks), { strength, cut, thresholds: thetas });
      return effective(mnet, params, gates) as tf.TensorContainerObject;
    }) as Params;
  return { masks, rule, moved: true, weights };
}

/** A soft cut subtracts the threshold of connections, and units have none. */
function refuseSoftUnits({ cut, prune }: MaNetOptions): void {
  if (cut === 'hard' || !letsUnitsGo(prune)) return;
  throw new MaNetError(
    'bad-argument',
    'A soft cut needs thresholds of connections, but the rule lets units go.',
    {
      where: 'cut',
      hint: 'use cut "hard" with units, or let connections go.',
    },
  );
}

/** W with gates applied, if there are any; owned by the caller. */
function effective({ kernels }: Pick<MNet, 'kernels'>, params: Params, gates: Params): Params {
  if (Object.keys(gates).length === 0) return cloneParams(params);
  return tf.tidy(() => {
    const modulated = modulate(params, gates, kernels, 'constant-kernel');
    const others = Object.entries(params).filter(([name]) => !(name in modulated));
    return { ...cloneParams(Object.fromEntries(others)), ...modulated } as tf.TensorContainerObject;
  }) as Params;
}

/**
 * Phi and its cells; D of the last two beginnings of rounds; q, masks, thresholds and gates as they are held; what q was on
 * average, where decisions go by that.
 */
function sectionsOf(mnet: MNet, options: MaNetOptions): Readonly<Record<string, SectionSpec>> {
  const connections = { shapes: connectionShapes(mnet.kernels), mayBeEmpty: true };
  return {
    phi: {
      shapes: mnet.shapes,
      // SGD with momentum and without weight decay (section 9).
      optimization: {
        optimizer: { name: 'sgd', momentum: options.astrocyteMomentum, weightDecay: 0 },
        learningRate: options.astrocyteLearningRate,
        schedule: { name: 'cosine' },
        clip: options.clip,
      },
    },
    cells: { shapes: mnet.stateShapes },
    recorded: connections,
    previous: connections,
    scores: connections,
    masks: connections,
    thresholds: {
      shapes: Object.fromEntries(mnet.kernels.map(({ param }) => [param, []])),
      mayBeEmpty: true,
    },
    gates: connections,
    ...(options.scoreMemory === 0 ? {} : { averages: connections }),
  };
}
