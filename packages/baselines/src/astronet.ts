// AstroNet, our design: one astrocyte, a UNet, gates the channels of all kernels, is trained in turn with them, and lets the
// weak ones go. Of the paper (Han, Pan & Liu, CVPR 2023) are one network for all iterations, temporal regulation and the
// global connection; the grid, the descriptors, the gates, the loss and the rule are ours.

import {
  backpropagate,
  type Batch,
  cloneParams,
  MaNetError,
  type Masks,
  type Method,
  type ModulatedKernel,
  type Params,
  pick,
  type Round,
  type RunLength,
  type Sections,
  type Task,
  type Training,
} from '@ma-net/core';
import {
  connectionShapes,
  defaultPlainRounds,
  maskChange,
  maskKeeper,
  maskTensors,
  plainBatches,
  planRounds,
  removedAt,
} from '@ma-net/method-ma-net';
import {
  letsUnitsGo,
  parsePruneRule,
  type PruneRule,
  select,
  type UnitGroup,
  type UnitScores,
} from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { astrocyteGates, openChannels, unetInit, unetShapes } from './astrocyte-unet.ts';
import { type AstroNetChoices, type AstroNetOptions, astroNetOptions } from './options.ts';

/**
 * One astrocyte gates the output channels of the selected kernels. After plain epochs, epochs of the network under held gates take
 * turns with epochs of the astrocyte on images that the network is not trained on; the gates' mean is added to the loss with
 * weight `lambda`. A rule for units lets those go whose writers' gates are smallest; a rule for connections the same part of the
 * channels of every kernel.
 */
export function astroNet(given: AstroNetChoices = {}): Method {
  const options = { ...astroNetOptions.parse({}), ...given } as AstroNetOptions;
  return { name: 'astronet', open: (task, length) => openAstroNet(task, length, options) };
}

function openAstroNet<B extends Batch>(
  task: Task<B>,
  length: RunLength,
  options: AstroNetOptions,
): Training<B> {
  const network = { ...task.network, kernels: select(task.network, options.select) };
  const { kernels } = network;
  refuseThresholds(options.prune);
  const names = kernels.map(({ param }) => param);
  const rounds = roundsOf(length, options);
  const ramp = { plain: plainBatches(rounds), budget: length.budget, ramp: options.ramp };
  const keeper = maskKeeper(network, { ...options, maskEvery: 'round' }, ramp);
  const shortfall = keeper.shortfall(rounds);
  const shapes = unetShapes(options);
  const connections = { shapes: connectionShapes(kernels), mayBeEmpty: true };

  /** Gates by the kernels as they are, and masks by the gates where they are due. */
  async function renewed(b: number, round: Round, state: Sections) {
    const gates = tf.tidy(
      () =>
        astrocyteGates(pick(state.params, names), state['phi']!, options).gates as tf.TensorContainerObject,
    ) as Params;
    if (!keeper.due(b, round, state)) return { replaced: { gates } };
    const host = await readGates(kernels, gates);
    const { prune } = options;
    if (letsUnitsGo(prune)) {
      const scores = connectionScores(kernels, gates);
      const units = unitGates(keeper.decider.groups, host);
      const { masks, change } = await keeper.renew(b, scores, state, units);
      tf.dispose(scores as tf.TensorContainerObject);
      return { replaced: { gates, masks }, change };
    }
    const masks = byChannels(kernels, host, removedAt(b, ramp, removedOf(prune)));
    const change = {
      ...maskChange(kernels, await keeper.held(state), masks),
      removedParams: removedBy(kernels, masks),
    };
    return { replaced: { gates, masks: maskTensors(kernels, masks) }, change };
  }

  return {
    rounds,
    kernels,
    sections: {
      phi: {
        shapes,
        optimization: {
          optimizer: { name: 'sgd', momentum: options.astrocyteMomentum, weightDecay: 0 },
          learningRate: options.astrocyteLearningRate,
          schedule: { name: 'cosine' },
          clip: options.clip,
        },
      },
      gates: {
        shapes: Object.fromEntries(kernels.map(({ param, postNeurons }) => [param, [postNeurons]])),
        mayBeEmpty: true,
      },
      masks: connections,
    },
    about: `one astrocyte of ${new Intl.NumberFormat('en').format(numbersIn(shapes))} parameters, our design`,
    ...(shortfall === undefined ? {} : { warnings: [shortfall] }),
    init: (rng) => ({ phi: unetInit(options, rng.split('astrocyte')) }),

    before: async (b, round, state) =>
      round.kind === 'neurons' && b === round.start ? renewed(b, round, state) : undefined,

    async step(_, { kind }, state, batch, ctx) {
      const { params, stats, phi = {}, masks = {} } = state;
      const given = { task, batch, stats, ctx };
      if (kind === 'astrocytes') {
        const made = await backpropagate({
          ...given,
          values: phi,
          names: Object.keys(phi),
          forward(own) {
            const { gates, mean } = astrocyteGates(pick(params, names), own, options);
            const penalties = { gates: { value: mean, weight: options.lambda } };
            return { params: { ...params, ...effective(kernels, params, gates, masks) }, penalties, aux: {} };
          },
        });
        return { terms: made.terms, stats: made.stats, grads: { phi: made.grads } };
      }
      const made = await backpropagate({
        ...given,
        values: params,
        names: Object.keys(params),
        forward: (w) => ({
          params: { ...w, ...effective(kernels, w, state['gates'] ?? {}, masks) },
          aux: {},
        }),
      });
      return { terms: made.terms, stats: made.stats, grads: { params: made.grads } };
    },

    weights: ({ params, gates = {}, masks = {} }) => whole(kernels, params, gates, masks),

    async removal(state, asked) {
      const held = await keeper.held(state);
      if (held === undefined) return undefined;
      const { params, gates = {} } = state;
      const rule = asked === undefined ? options.prune : parsePruneRule(asked);
      refuseThresholds(rule);
      const masks = asked === undefined ? held : await under(rule);
      const weights = (): Params =>
        tf.tidy(
          () => whole(kernels, params, gates, maskTensors(kernels, masks)) as tf.TensorContainerObject,
        ) as Params;
      return { masks, rule, moved: asked !== undefined, weights };

      async function under(other: PruneRule): Promise<Record<string, Uint8Array>> {
        const host = await readGates(kernels, gates);
        if (!letsUnitsGo(other)) return byChannels(kernels, host, removedOf(other));
        const worth = {
          connections: hostScores(kernels, host),
          units: unitGates(keeper.decider.groups, host),
        };
        return keeper.decider.decide(other, worth, held).masks;
      }
    },
  };
}

/** Plain epochs on what the network is trained on, then the network and its astrocyte in turn. */
function roundsOf(
  length: RunLength,
  { plainRounds, astrocyteIterations, heldOut }: AstroNetOptions,
): Round[] {
  const rounds = planRounds({
    ...length,
    plainRounds: plainRounds ?? defaultPlainRounds(length),
    // An epoch of what is held out, which is half of the images.
    astrocyteIterations: astrocyteIterations ?? Math.max(1, Math.round(length.batchesPerEpoch / 2)),
    alternate: true,
  });
  if (!heldOut) return rounds;
  return rounds.map((round) => ({ ...round, split: round.kind === 'astrocytes' ? 'alphas' : 'weights' }));
}

/** Kernels under their gates and masks, of those that have any. */
function effective(
  kernels: readonly ModulatedKernel[],
  params: Params,
  gates: Params,
  masks: Params,
): Record<string, tf.Tensor> {
  const of = kernels.flatMap(({ param }) => {
    const [gate, mask] = [gates[param], masks[param]];
    if (gate === undefined && mask === undefined) return [];
    const gated = gate === undefined ? params[param]! : tf.mul(params[param]!, gate);
    return [[param, mask === undefined ? gated : tf.mul(gated, mask)] as const];
  });
  return Object.fromEntries(of);
}

const whole = (kernels: readonly ModulatedKernel[], params: Params, gates: Params, masks: Params): Params =>
  tf.tidy(() => {
    const own = effective(kernels, params, gates, masks);
    return { ...cloneParams(params), ...own } as tf.TensorContainerObject;
  }) as Params;

type HostGates = ReadonlyMap<string, Float32Array>;

async function readGates(kernels: readonly ModulatedKernel[], gates: Params): Promise<HostGates> {
  const host = new Map<string, Float32Array>();
  for (const { param } of kernels) host.set(param, (await gates[param]!.data()) as Float32Array);
  return host;
}

/** A unit is worth the mean gate of those who write it; where nobody does who has gates, 1. */
function unitGates(groups: readonly UnitGroup[], gates: HostGates): UnitScores {
  return groups.map(({ units, group }) => {
    const writers = group.members.filter(({ role, tensor }) => role === 'write' && gates.has(tensor));
    return Float64Array.from({ length: units }, (_, unit) => {
      let [sum, count] = [0, 0];
      for (const { tensor, start, block } of writers) {
        for (let i = 0; i < block; i++) sum += gates.get(tensor)![start + unit * block + i]!;
        count += block;
      }
      return count === 0 ? 1 : sum / count;
    });
  });
}

/** Every connection has the gate of the channel that it leads to. */
function hostScores(kernels: readonly ModulatedKernel[], gates: HostGates): Record<string, Float32Array> {
  return Object.fromEntries(
    kernels.map(({ param, preNeurons, postNeurons }) => [
      param,
      Float32Array.from({ length: preNeurons * postNeurons }, (_, i) => gates.get(param)![i % postNeurons]!),
    ]),
  );
}

const connectionScores = (kernels: readonly ModulatedKernel[], gates: Params): Params =>
  tf.tidy(
    () =>
      Object.fromEntries(
        kernels.map(({ param, preNeurons, postNeurons }) => [
          param,
          tf.tile(tf.reshape(gates[param]!, [1, postNeurons]), [preNeurons, 1]),
        ]),
      ) as tf.TensorContainerObject,
  ) as Params;

/** Masks in which this part of the channels of every kernel is closed. */
function byChannels(
  kernels: readonly ModulatedKernel[],
  gates: HostGates,
  remove: number,
): Record<string, Uint8Array> {
  return Object.fromEntries(
    kernels.map(({ param, preNeurons, postNeurons }) => {
      const open = openChannels(gates.get(param)!, 1 - remove);
      return [param, Uint8Array.from({ length: preNeurons * postNeurons }, (_, i) => open[i % postNeurons]!)];
    }),
  );
}

/** Of a rule for connections. */
const removedOf = (rule: PruneRule): number => ('removeModulated' in rule ? rule.removeModulated : 0);

/** Gates of one kernel do not compete: no threshold means the same for all of them. */
function refuseThresholds({ mode }: PruneRule): void {
  if (mode === 'target') return;
  throw new MaNetError('bad-argument', 'The gates of AstroNet have no threshold that a rule could name.', {
    where: 'prune',
    hint: 'use a target: { mode: "target", removeModulated: 0.5 }, or one of units.',
  });
}

const removedBy = (kernels: readonly ModulatedKernel[], masks: Masks): number =>
  kernels.reduce(
    (sum, { param, area }) => sum + area * masks[param]!.filter((lives) => lives === 0).length,
    0,
  );

const numbersIn = (shapes: Readonly<Record<string, readonly number[]>>): number =>
  Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
