// Pruning by scores: the same connections, rounds, ramp and masks as MA-Net's, but a connection's score is what somebody
// says it is, and nothing is modulated (section 15).

import {
  type Batch,
  cloneParams,
  type Method,
  type ModulatedKernel,
  type Params,
  type Rng,
  type RunLength,
  type Sections,
  type Task,
  type Training,
} from '@ma-net/core';
import {
  connectionShapes,
  defaultPlainRounds,
  maskKeeper,
  maskTensors,
  plainBatches,
  planRounds,
  readScores,
  weightStep,
} from '@ma-net/method-ma-net';
import {
  letsUnitsGo,
  modulate,
  parsePruneRule,
  type PruneRule,
  select,
  type UnitGroup,
  type UnitScores,
} from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import type { MagnitudeOptions } from './options.ts';

/** Who is worth how much. */
export interface Scoring {
  /** Scores that a run begins with, in its section `scores`; none unless given. */
  init?(kernels: readonly ModulatedKernel[], rng: Rng): Params;
  /** One for every connection, [F, O] by kernel; owned by the caller. */
  connections(kernels: readonly ModulatedKernel[], state: Sections): Params;
  /** One for every unit, where units go; `weights` are the names of all kernels. */
  units(
    groups: readonly UnitGroup[],
    kernels: readonly ModulatedKernel[],
    state: Sections,
    weights: readonly string[],
  ): Promise<UnitScores>;
  /** Whether all that the rule says goes at once, before the first mini-batch. */
  readonly fromStart?: boolean;
}

/** A method that lets go who is worth least. */
export function byScores(name: string, options: MagnitudeOptions, scoring: Scoring): Method {
  return { name, open: (task, length) => openScored(task, length, options, scoring) };
}

function openScored<B extends Batch>(
  task: Task<B>,
  length: RunLength,
  options: MagnitudeOptions,
  scoring: Scoring,
): Training<B> {
  const network = { ...task.network, kernels: select(task.network, options.select) };
  const { kernels } = network;
  const rounds = planRounds({
    ...length,
    plainRounds: options.plainRounds ?? defaultPlainRounds(length),
    astrocyteIterations: 0,
    alternate: true,
  });
  const { budget } = length;
  // One mini-batch of ramp, over when the first one begins; or the options'.
  const ramp =
    scoring.fromStart === true
      ? { plain: -1, budget, ramp: 1 / (budget + 1) }
      : { plain: plainBatches(rounds), budget, ramp: options.ramp };
  const keeper = maskKeeper(network, options, ramp);
  const shortfall = keeper.shortfall(rounds);
  /** Where whole units go: what each is worth. */
  const unitsOf = async (rule: PruneRule, state: Sections): Promise<UnitScores | undefined> =>
    letsUnitsGo(rule) ? scoring.units(keeper.decider.groups, kernels, state, names) : undefined;
  const names = task.network.parameters.flatMap(({ name, kind }) => (kind === 'vector' ? [] : [name]));
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
    init: (rng) => (scoring.init === undefined ? {} : { scores: scoring.init(kernels, rng) }),

    async before(b, round, state) {
      if (round.kind === 'plain' || !keeper.due(b, round, state)) return undefined;
      const scores = scoring.connections(kernels, state);
      const { masks, change } = await keeper.renew(b, scores, state, await unitsOf(options.prune, state));
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
        const units = await unitsOf(other, { params, ...state });
        const worth = units === undefined ? { connections } : { connections, units };
        return keeper.decider.decide(other, worth, held).masks;
      }
    },
  };
}
