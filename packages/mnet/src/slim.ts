// The uniformly slim network: what a pruned one of equal cost has to be better than.

import { MaNetError, type Network } from '@ma-net/core';
import { shapesAfter } from './cuts.ts';
import { describeRule, letsUnitsGo, type PruneRule, targetOf } from './prune-rule.ts';
import { looseGroups } from './unit-groups.ts';
import { costOf, slimUnits } from './unit-plan.ts';
import { measuresOf } from './unit-size.ts';

/**
 * `network` with one part of the units of every group that can lose some, modulated or not, and of no more cost than
 * `rule` leaves. `init` starts it afresh. Throws `bad-argument` for a rule that has no target for whole units, and for
 * a target that one unit of each group exceeds.
 */
export function slimNetwork(network: Network, rule: PruneRule): Network {
  const where = `slim ${network.name}`;
  if (!letsUnitsGo(rule) || rule.mode === 'delta') {
    throw new MaNetError('bad-argument', `No size follows from the rule: ${describeRule(rule)}.`, {
      where,
      hint: 'give a target for whole units: { unit: "neuron", mode: "target", remove: 0.5, cost: "params", ... }.',
    });
  }
  const groups = looseGroups(network);
  const measures = measuresOf(network, groups, rule);
  const remove = targetOf(rule)!;
  const full = groups.map(({ units }) => units);
  const slim = slimUnits(groups, measures, remove);
  const left = costOf(measures, slim, full);
  if (left > 1 - remove + 1e-12) {
    throw new MaNetError(
      'bad-argument',
      `The rule is ${describeRule(rule)}, but with one unit in every group ${(100 * left).toFixed(1)} % are left.`,
      { where, hint: `ask for at most ${(100 * (1 - left)).toFixed(1)} %.` },
    );
  }
  const cuts = groups.map(({ id, units }, g) => ({
    group: id,
    keep: Array.from({ length: slim[g]! }, (_, unit) => unit),
    of: units,
  }));
  return network.resized(shapesAfter(network, cuts));
}
