// Who dies, by any rule: the one place that turns scores into masks.

import { MaNetError, type Masks, type ModulatedKernel, type Network } from '@ma-net/core';
import {
  letsUnitsGo,
  type PruneRule,
  tableOf,
  targetOf,
  type UnitRule,
  type UnitTargetRule,
} from './prune-rule.ts';
import { type HostScores, masksOf, thresholds } from './thresholds.ts';
import { allUnits, livingPostNeurons, livingUnits, type UnitGroup, unitGroups } from './unit-groups.ts';
import { masksOfUnits, unitsOfMasks } from './unit-masks.ts';
import { leastCost, planUnits, unitsBelow } from './unit-plan.ts';
import { unitScores, type UnitScores } from './unit-scores.ts';
import { type Measure, measured, measuresOf, parameterMeasure } from './unit-size.ts';

export interface Verdict {
  readonly masks: Record<string, Uint8Array>;
  /** theta of every kernel; 0 where units decide. */
  readonly thetas: readonly number[];
  /** Parameters that are gone: of dead connections, or, where units go, those that compaction will not store. */
  readonly removedParams: number;
}

/** What is known of who is worth how much. */
export interface Worth {
  /** Of connections: q, or how large they are. */
  readonly connections?: HostScores;
  /** Of units; what their connections release unless given. */
  readonly units?: UnitScores;
}

/** Decides about one network. */
export interface Decider {
  /** Groups whose units a rule may let go. */
  readonly groups: readonly UnitGroup[];
  /**
   * `before`: the masks in force; post-neurons that are dead under them do not count for the scores of units. Throws
   * `bad-argument` when the rule needs scores that are not given, `non-finite` for such scores.
   */
  decide(rule: PruneRule, worth: Worth, before?: Masks): Verdict;
  /** Why no masks can satisfy the rule; undefined when some can. */
  unreachable(rule: PruneRule): string | undefined;
}

/** `kernels`: the modulated ones; all that the network declares unless given. */
export function decideOn(network: Network, kernels: readonly ModulatedKernel[] = network.kernels): Decider {
  const groups = unitGroups(network, kernels);
  const params = parameterMeasure(network, groups);
  const full = livingUnits(allUnits(groups));
  const known = new Map<unknown, readonly Measure[]>();
  const measuresFor = (rule: UnitTargetRule): readonly Measure[] => {
    const key = rule.cost === 'latency' ? rule.table : rule.cost;
    if (!known.has(key)) known.set(key, measuresOf(network, groups, rule));
    return known.get(key)!;
  };

  const byUnits = (rule: UnitRule, scores: UnitScores): Verdict => {
    const masks =
      rule.mode === 'delta'
        ? unitsBelow(groups, scores, rule)
        : planUnits(groups, scores, { ...rule, measures: measuresFor(rule), remove: targetOf(rule)! }).masks;
    return {
      masks: masksOfUnits(groups, kernels, masks),
      thetas: kernels.map(() => 0),
      removedParams: measured(params, full) - measured(params, livingUnits(masks)),
    };
  };

  return {
    groups,
    decide(rule, { connections, units }, before) {
      if (letsUnitsGo(rule)) {
        const alive = before === undefined ? allUnits(groups) : unitsOfMasks(groups, before);
        const scores = units ?? unitScores(groups, kernels, given(connections), alive);
        const verdict = byUnits(rule, scores);
        return rule.unit === 'both' ? within(rule.removeModulated, verdict, given(connections)) : verdict;
      }
      const thetas = thresholds(kernels, given(connections), rule);
      const masks = masksOf(kernels, given(connections), thetas);
      return { masks, thetas, removedParams: areaWhere(kernels, (k, i) => masks[k.param]![i] === 0) };
    },
    unreachable(rule) {
      if (!letsUnitsGo(rule) || rule.mode === 'delta') return undefined;
      if (groups.length === 0) {
        return `no unit of ${network.name} can go: every coupling group is pinned, or read by a kernel that is not modulated`;
      }
      const least = leastCost(groups, measuresFor(rule), rule.floor);
      if (1 - least >= targetOf(rule)!) return undefined;
      return rule.cost === 'latency'
        ? `one takes at least ${Number((least * tableOf(rule).milliseconds).toPrecision(3))} ms with every group at its floor`
        : `at most ${percent(1 - least)} can go above the floors`;
    },
  };

  /** Besides units, the weakest connections between those that live. */
  function within(removeModulated: number, verdict: Verdict, scores: HostScores): Verdict {
    const posts = livingPostNeurons(groups, kernels, unitsOfMasks(groups, verdict.masks));
    const lives = ({ param, postNeurons }: ModulatedKernel, i: number): boolean =>
      verdict.masks[param]![i] !== 0 && posts.get(param)![i % postNeurons] !== 0;
    // What is gone already is not counted again: no threshold reaches it.
    const living = Object.fromEntries(
      kernels.map((k) => [k.param, scores[k.param]!.map((score, i) => (lives(k, i) ? score : BEYOND))]),
    );
    const [all, left] = [areaWhere(kernels, () => true), areaWhere(kernels, lives)];
    const rule = { mode: 'target', removeModulated: (removeModulated * left) / Math.max(1, all) } as const;
    const thetas = thresholds(kernels, living, rule);
    const strong = masksOf(kernels, living, thetas);
    const weak = areaWhere(kernels, (k, i) => lives(k, i) && strong[k.param]![i] === 0);
    const masks = Object.fromEntries(
      kernels.map(({ param }) => [param, verdict.masks[param]!.map((m, i) => m & strong[param]![i]!)]),
    );
    return { masks, thetas, removedParams: verdict.removedParams + weak };
  }
}

function given(scores: HostScores | undefined): HostScores {
  if (scores !== undefined) return scores;
  throw new MaNetError(
    'bad-argument',
    'The rule lets connections go, and there are no scores of connections.',
    {
      where: 'decision about connections',
      hint: 'pass { connections } beside { units }.',
    },
  );
}

/** Above every score, and finite. */
const BEYOND = 3e38;

/** Parameters of the connections that `counts` accepts. */
function areaWhere(
  kernels: readonly ModulatedKernel[],
  counts: (kernel: ModulatedKernel, connection: number) => boolean,
): number {
  let sum = 0;
  for (const kernel of kernels) {
    const connections = kernel.preNeurons * kernel.postNeurons;
    for (let i = 0; i < connections; i++) if (counts(kernel, i)) sum += kernel.area;
  }
  return sum;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}
