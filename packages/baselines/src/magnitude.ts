// Magnitude pruning: the control of MA-Net. The same connections, rounds, ramp and masks; a connection's score is how
// large it is, and nothing is modulated (section 15).

import {
  type Batch,
  cloneParams,
  type Method,
  type Params,
  type RunLength,
  type Task,
  type Training,
} from '@ma-net/core';
import {
  connectionShapes,
  defaultMaNet,
  defaultPlainRounds,
  maskKeeper,
  maskTensors,
  plainBatches,
  planRounds,
  readScores,
  weightStep,
} from '@ma-net/method-ma-net';
import {
  descriptors,
  letsUnitsGo,
  modulate,
  parsePruneRule,
  type PruneRule,
  select,
  unitMagnitudes,
  type UnitScores,
} from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import type { MagnitudeChoices, MagnitudeOptions } from './options.ts';

/**
 * Connections of small magnitude go; under a rule for units, units whose weights are short (structured group
 * magnitude, Fang et al. 2023, arXiv:2301.12900), by the same planner and ramp.
 */
export function magnitude(given: MagnitudeChoices = {}): Method {
  const { freeze, maskEvery, ramp, prune, select: ends } = defaultMaNet;
  const options = { freeze, maskEvery, ramp, prune, select: ends, ...given } as MagnitudeOptions;
  return { name: 'magnitude', open: (task, length) => openMagnitude(task, length, options) };
}

function openMagnitude<B extends Batch>(
  task: Task<B>,
  length: RunLength,
  options: MagnitudeOptions,
): Training<B> {
  const network = { ...task.network, kernels: select(task.network, options.select) };
  const { kernels } = network;
  const rounds = planRounds({
    ...length,
    plainRounds: options.plainRounds ?? defaultPlainRounds(length),
    astrocyteIterations: 0,
    alternate: true,
  });
  const keeper = maskKeeper(network, options, {
    plain: plainBatches(rounds),
    budget: length.budget,
    ramp: options.ramp,
  });
  const shortfall = keeper.shortfall(rounds);
  /** Where whole units go: how long each is. */
  const lengths = async (rule: PruneRule, params: Params): Promise<UnitScores | undefined> =>
    letsUnitsGo(rule) ? unitMagnitudes(keeper.decider.groups, weights, params) : undefined;
  const weights = task.network.parameters.flatMap(({ name, kind }) => (kind === 'vector' ? [] : [name]));
  const connections = { shapes: connectionShapes(kernels), mayBeEmpty: true };
  /** W without dead connections; owned by the caller. */
  const masked = (params: Params, masks: Params): Params =>
    tf.tidy(() => {
      const kept = modulate(params, masks, kernels, 'constant-kernel');
      const others = Object.entries(params).filter(([name]) => !(name in kept));
      return { ...cloneParams(Object.fromEntries(others)), ...kept } as tf.TensorContainerObject;
    }) as Params;

  return {
    rounds,
    kernels,
    sections: { scores: connections, masks: connections },
    ...(shortfall === undefined ? {} : { warnings: [shortfall] }),
    init: () => ({}),

    async before(b, round, state) {
      if (round.kind === 'plain' || !keeper.due(b, round, state)) return undefined;
      const scores = descriptors(kernels, state.params);
      const { masks, change } = await keeper.renew(
        b,
        scores,
        state,
        await lengths(options.prune, state.params),
      );
      return { replaced: { scores, masks }, change };
    },

    step(_, { kind }, state, batch, ctx) {
      const gates = state['masks'] ?? {};
      const given = { task, state: { ...state, gates }, batch, ctx };
      return kind === 'plain'
        ? weightStep(given)
        : weightStep(given, { mnet: { kernels }, rule: 'chain-rule' });
    },

    weights: ({ params, masks = {} }) =>
      Object.keys(masks).length === 0 ? cloneParams(params) : masked(params, masks),

    async removal({ params, ...state }, asked) {
      const held = await keeper.held({ params, ...state });
      if (held === undefined) return undefined;
      const rule = asked === undefined ? options.prune : parsePruneRule(asked);
      const masks = asked === undefined ? held : await masksUnder(rule);
      const weights = (): Params =>
        tf.tidy(() => masked(params, maskTensors(kernels, masks)) as tf.TensorContainerObject) as Params;
      return { masks, rule, moved: asked !== undefined, weights };

      async function masksUnder(other: typeof rule): Promise<Record<string, Uint8Array>> {
        const connections = await readScores(kernels, state['scores'] ?? {});
        const units = await lengths(other, params);
        const worth = units === undefined ? { connections } : { connections, units };
        return keeper.decider.decide(other, worth, held).masks;
      }
    },
  };
}
