// Single weights of small magnitude go: at once, or round after round with what is left set back to what it was early in
// the training (Frankle & Carbin 2019, arXiv:1803.03635; Frankle et al. 2020, arXiv:1912.05671).

import {
  backpropagate,
  type Batch,
  cloneParams,
  type Decision,
  MaNetError,
  type Masks,
  type Method,
  type ModulatedKernel,
  type Network,
  type ParameterSpec,
  type Params,
  type Round,
  type RunLength,
  type Sections,
  type Task,
  type Training,
} from '@ma-net/core';
import { maskChange } from '@ma-net/method-ma-net';
import { parsePruneRule, type PruneRule, select } from '@ma-net/mnet';
import * as tf from '@tensorflow/tfjs-core';
import { countToKeep, largest, type Weighed } from './largest.ts';
import { type UnstructuredChoices, type UnstructuredOptions, unstructuredOptions } from './options.ts';

/**
 * Unstructured magnitude pruning. Without `perRound` the network trains for three quarters of the budget, loses all that
 * `prune` says, and goes on (one shot). With it a run is several trainings of equal length, each of which goes once through the
 * schedule; after each, that part of the weights that are left goes, and the others are set back to what they were after
 * `rewind` epochs: lottery tickets. What is gone is zero; it is stored all the same.
 */
export function unstructured(given: UnstructuredChoices = {}): Method {
  const options = { ...unstructuredOptions.parse({}), ...given } as UnstructuredOptions;
  return { name: 'unstructured', open: (task, length) => openUnstructured(task, length, options) };
}

function openUnstructured<B extends Batch>(
  task: Task<B>,
  length: RunLength,
  options: UnstructuredOptions,
): Training<B> {
  const kernels = select(task.network, options.select);
  const specs = kernels.map(({ param }) => task.network.parameters.find(({ name }) => name === param)!);
  const amounts = amountsOf(task.network, specs, options.prune, options.perRound);
  const { rounds, ends, rewindAt } = plan(length, amounts.length, options);
  const shapes = Object.fromEntries(specs.map(({ name, shape }) => [name, shape]));
  const everything = Object.fromEntries(task.network.parameters.map(({ name, shape }) => [name, shape]));
  const statistics = Object.fromEntries(task.network.statistics.map(({ name, shape }) => [name, shape]));

  return {
    rounds,
    kernels,
    sections: {
      alive: { shapes, mayBeEmpty: true },
      origin: { shapes: everything, mayBeEmpty: true },
      originStats: { shapes: statistics, mayBeEmpty: true },
    },
    init: () => ({}),

    async before(b, _, state) {
      if (b === rewindAt)
        return { replaced: { origin: cloneParams(state.params), originStats: cloneParams(state.stats) } };
      const turn = ends.indexOf(b);
      if (turn === -1) return undefined;
      const masks = await chosen(specs, state, amounts[turn]!, options.scope);
      const alive = tensorsOf(specs, masks);
      const connections = (of: readonly Uint8Array[]): Masks => connectionsOf(kernels, specs, of);
      const change = {
        ...maskChange(kernels, connections(await aliveOf(specs, state)), connections(masks)),
        removedParams: masks.reduce((sum, mask) => sum + mask.filter((one) => one === 0).length, 0),
      };
      return { replaced: { alive, ...(rewindAt === undefined ? {} : setBack(state)) }, change };
    },

    async step(_, __, { params, stats, alive = {} }, batch, ctx) {
      const made = await backpropagate({
        task,
        batch,
        stats,
        ctx,
        values: params,
        names: Object.keys(params),
        forward: (w) => ({ params: { ...w, ...masked(w, alive) }, aux: {} }),
      });
      return { terms: made.terms, stats: made.stats, grads: { params: made.grads } };
    },

    weights: ({ params, alive = {} }) => whole(params, alive),

    async removal(state, asked) {
      const { params, alive = {} } = state;
      if (Object.keys(alive).length === 0) return undefined;
      const rule = asked === undefined ? options.prune : parsePruneRule(asked);
      if (asked === undefined) {
        const masks = connectionsOf(kernels, specs, await aliveOf(specs, state));
        return { masks, rule, moved: false, weights: () => whole(params, alive) };
      }
      const [amount] = amountsOf(task.network, specs, rule, undefined);
      const masks = await chosen(specs, state, amount!, options.scope);
      const weights = (): Params =>
        tf.tidy(() => whole(params, tensorsOf(specs, masks)) as tf.TensorContainerObject) as Params;
      return { masks: connectionsOf(kernels, specs, masks), rule, moved: true, weights };
    },
  };
}

/** How much goes in all after each pruning, and what a number of each kernel costs. */
interface Amount {
  readonly costs: readonly number[];
  /** Part of what the kernels cost together that goes. */
  readonly remove: number;
}

/** After every pruning. Throws `bad-argument` for a rule that is no size, or cannot be reached by these kernels. */
function amountsOf(
  { parameters, activationMacs }: Network,
  specs: readonly ParameterSpec[],
  rule: PruneRule,
  perRound: number | undefined,
): Amount[] {
  const byMacs = rule.mode === 'target' && 'cost' in rule && rule.cost === 'macs';
  const costOf = ({ positions }: ParameterSpec): number => (byMacs ? positions : 1);
  const sum = (of: readonly ParameterSpec[]): number =>
    of.reduce((total, spec) => total + costOf(spec) * sizeOf(spec), 0);
  const remove = partOf(rule, sum(specs), sum(parameters) + (byMacs ? activationMacs : 0));
  const costs = specs.map(costOf);
  if (perRound === undefined) return [{ costs, remove }];
  const times = Math.max(1, Math.ceil(Math.log(1 - remove) / Math.log(1 - perRound) - 1e-9));
  return Array.from({ length: times }, (_, i) => ({
    costs,
    remove: Math.min(remove, 1 - (1 - perRound) ** (i + 1)),
  }));
}

/** The part of these kernels that a rule lets go. */
function partOf(rule: PruneRule, kernels: number, network: number): number {
  const refuse = (message: string, hint: string): never => {
    throw new MaNetError('bad-argument', message, { where: 'prune', hint });
  };
  if (rule.mode !== 'target')
    return refuse(
      'Single weights go by their number, and a threshold says none.',
      'use { mode: "target", removeModulated: 0.5 }.',
    );
  if (!('cost' in rule)) return rule.removeModulated;
  if (rule.unit === 'both' || (rule.cost !== 'params' && rule.cost !== 'macs'))
    return refuse(
      `Zeros among the weights reach no target of ${rule.unit === 'both' ? 'units and connections' : rule.cost}.`,
      'use a target of cost "params" or "macs".',
    );
  const part = (rule.remove * network) / kernels;
  if (part < 1) return part;
  const most = Math.floor((1000 * kernels) / network) / 10;
  return refuse(
    `${100 * rule.remove} % of the network cannot go: the selected kernels are ${most} % of it.`,
    'ask for less, or select more kernels.',
  );
}

interface Plan {
  readonly rounds: Round[];
  /** Mini-batches before which something goes. */
  readonly ends: readonly number[];
  /** The mini-batch whose weights survivors are set back to. */
  readonly rewindAt?: number;
}

/** Throws `bad-argument` where there are more trainings than mini-batches, or rewinding is later than their end. */
function plan(
  { budget, batchesPerEpoch }: RunLength,
  prunings: number,
  { perRound, rewind }: UnstructuredOptions,
): Plan {
  const cut = (kind: string, start: number, end: number, more: Partial<Round>): Omit<Round, 'index'>[] =>
    Array.from({ length: Math.ceil((end - start) / batchesPerEpoch) }, (_, i) => {
      const from = start + i * batchesPerEpoch;
      return { kind, start: from, length: Math.min(batchesPerEpoch, end - from), ...more };
    });
  const numbered = (rounds: readonly Omit<Round, 'index'>[]): Round[] =>
    rounds.map((round, index) => ({ index, ...round }));
  if (perRound === undefined) {
    const end = Math.max(1, Math.round(0.75 * budget));
    return {
      rounds: numbered([...cut('plain', 0, end, {}), ...cut('pruned', end, budget, {})]),
      ends: [end],
    };
  }
  const each = Math.floor(budget / (prunings + 1));
  const rewindAt = Math.round((rewind ?? 0) * batchesPerEpoch);
  if (each < 1 || rewindAt >= each) {
    throw new MaNetError(
      'bad-argument',
      `${prunings + 1} trainings of ${each} mini-batches have no mini-batch ${rewindAt} to go back to.`,
      {
        where: 'perRound, rewind',
        hint: 'train for more epochs, let more go at once, or rewind to an earlier epoch.',
      },
    );
  }
  const starts = Array.from({ length: prunings + 1 }, (_, i) => i * each);
  const rounds = starts.flatMap((start, i) => {
    const end = i === prunings ? budget : start + each;
    // A ticket is trained as the network was: what came before the point it is set back to is not repeated.
    const from = i === 0 ? start : start - rewindAt;
    return cut(i === 0 ? 'plain' : `ticket ${i}`, start, end, {
      schedule: { start: from, length: end - from },
    });
  });
  return { rounds: numbered(rounds), ends: starts.slice(1), rewindAt };
}

/** The network as it was, and an optimiser that has seen nothing. */
function setBack(state: Sections): Decision['replaced'] {
  const slots = state['params.optimizer'] ?? {};
  return {
    params: cloneParams(state['origin']!),
    stats: cloneParams(state['originStats']!),
    'params.optimizer': Object.fromEntries(Object.entries(slots).map(([name, t]) => [name, tf.zerosLike(t)])),
  };
}

/** Who stays, kernel by kernel. */
async function chosen(
  specs: readonly ParameterSpec[],
  state: Sections,
  { costs, remove }: Amount,
  scope: UnstructuredOptions['scope'],
): Promise<Uint8Array[]> {
  const weighed: Weighed[] = [];
  for (const [i, { name }] of specs.entries())
    weighed.push({ values: (await state.params[name]!.data()) as Float32Array, cost: costs[i]! });
  const before = await aliveOf(specs, state);
  const amount = (of: readonly Weighed[]): number => {
    const total = of.reduce((sum, { values, cost }) => sum + values.length * cost, 0);
    // Of parameters exactly the nearest number stays.
    return of.every(({ cost }) => cost === 1) ? total - countToKeep(total, 1 - remove) : total * remove;
  };
  if (scope === 'global') return largest(weighed, amount(weighed), before);
  return weighed.map((one, i) => largest([one], amount([one]), [before[i]!])[0]!);
}

async function aliveOf(specs: readonly ParameterSpec[], { alive = {} }: Sections): Promise<Uint8Array[]> {
  const masks: Uint8Array[] = [];
  for (const spec of specs) {
    const mask = alive[spec.name];
    masks.push(
      mask === undefined ? new Uint8Array(sizeOf(spec)).fill(1) : Uint8Array.from(await mask.data()),
    );
  }
  return masks;
}

const tensorsOf = (specs: readonly ParameterSpec[], masks: readonly Uint8Array[]): Params =>
  Object.fromEntries(
    specs.map(({ name, shape }, i) => [name, tf.tensor(Float32Array.from(masks[i]!), [...shape])]),
  );

const masked = (params: Params, alive: Params): Params =>
  Object.fromEntries(Object.entries(alive).map(([name, mask]) => [name, tf.mul(params[name]!, mask)]));

const whole = (params: Params, alive: Params): Params =>
  tf.tidy(() => ({ ...cloneParams(params), ...masked(params, alive) }) as tf.TensorContainerObject) as Params;

/** A connection lives while one of its weights does. */
function connectionsOf(
  kernels: readonly ModulatedKernel[],
  specs: readonly ParameterSpec[],
  masks: readonly Uint8Array[],
): Masks {
  return Object.fromEntries(
    specs.map(({ name }, k) => {
      const connections = new Uint8Array(kernels[k]!.preNeurons * kernels[k]!.postNeurons);
      masks[k]!.forEach((one, i) => (connections[i % connections.length]! |= one));
      return [name, connections];
    }),
  );
}

const sizeOf = ({ shape }: ParameterSpec): number => shape.reduce((a, b) => a * b, 1);
