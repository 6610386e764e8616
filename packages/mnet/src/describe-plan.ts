// A plan for people: what it does to every kernel, and how far that is from what the rule asked for.

import { checkMasks, type Network } from '@ma-net/core';
import { decideOn } from './decide.ts';
import { connections, type PrunePlan } from './plan.ts';
import { describeRule, letsUnitsGo, targetOf, type UnitTargetRule } from './prune-rule.ts';
import { grouped, percent } from './quantities.ts';
import { allUnits, livingUnits, unitGroups } from './unit-groups.ts';
import { unitsOfMasks } from './unit-masks.ts';
import { costOf } from './unit-plan.ts';
import { measuresOf } from './unit-size.ts';

/** A part of the target that counts as all of it: thresholds stop before the connection that would be one too many. */
const ALL = 0.95;

/**
 * What a plan would do, for people, and by how much it misses the target of its rule. `network`: the one that it was made
 * for; a target in units is compared only where it is given.
 */
export function describePlan(plan: PrunePlan, network?: Network): string {
  const { kernels, rule, removedParams, totalParams } = plan;
  const heading = `${plan.network}, ${describeRule(rule)}`;
  if (kernels.length === 0)
    return `${heading}\n\n  Nothing goes: no kernel has a mask before the first round that decides about connections.`;
  const left = totalParams - removedParams;
  const missed = missedTarget(plan, network);
  return [
    heading,
    '',
    ...aligned([
      ['kernel', 'kept', 'of', 'removed'],
      ...kernels.map((k) => [
        k.param,
        grouped(k.keptConnections),
        grouped(connections(k)),
        percent(connections(k) - k.keptConnections, connections(k)),
      ]),
    ]),
    '',
    `  parameters  ${grouped(totalParams)} -> ${grouped(left)}   (${percent(removedParams, totalParams)} of all removed)`,
    ...(missed === undefined ? [] : [`  ${missed}`]),
  ].join('\n');
}

/** Columns as wide as they must be, the first on the left, the others on the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(
    ([name, ...numbers]) =>
      `  ${name!.padEnd(widths[0]!)}${numbers.map((text, i) => `  ${text.padStart(widths[i + 1]!)}`).join('')}`,
  );
}

/** What the rule asked for, what the plan reaches, and why it is less, in a sentence; undefined where it is all of it. */
function missedTarget(plan: PrunePlan, network: Network | undefined): string | undefined {
  const { rule } = plan;
  if (rule.mode === 'delta') return undefined;
  if (letsUnitsGo(rule)) return network === undefined ? undefined : missedUnits(plan, rule, network);
  const modulated = plan.kernels.reduce((sum, k) => sum + k.area * connections(k), 0);
  const reached = plan.removedParams / modulated;
  if (reached >= ALL * rule.removeModulated) return undefined;
  return missed(
    rule.removeModulated,
    reached,
    'of the modulated parameters',
    'connections of equal worth stay together, and masks that froze before the target had grown stay as they were',
  );
}

function missedUnits(plan: PrunePlan, rule: UnitTargetRule, network: Network): string | undefined {
  // Without times a rule in milliseconds has no size.
  if (rule.cost === 'latency' && rule.table === undefined) return undefined;
  const { masks } = plan;
  checkMasks(network, masks);
  const kernels = network.kernels.filter(({ param }) => Object.hasOwn(masks, param));
  const groups = unitGroups(network, kernels);
  const [full, alive] = [allUnits(groups), unitsOfMasks(groups, masks)].map(livingUnits);
  const wanted = targetOf(rule)!;
  const reached = groups.length === 0 ? 0 : 1 - costOf(measuresOf(network, groups, rule), alive!, full!);
  if (reached >= ALL * wanted) return undefined;
  const why =
    decideOn(network, kernels).unreachable(rule) ??
    'masks that froze before the target had grown stay as they were';
  return missed(wanted, reached, COSTS[rule.cost], why);
}

const COSTS: Readonly<Record<UnitTargetRule['cost'], string>> = {
  params: 'of all parameters',
  macs: 'of all multiply-accumulates',
  both: 'of parameters and multiply-accumulates, on average',
  latency: 'of the time of an image',
};

function missed(wanted: number, reached: number, of: string, why: string): string {
  return `target missed: ${percent(reached, 1)} instead of ${percent(wanted, 1)} ${of} go; ${why}.`;
}
