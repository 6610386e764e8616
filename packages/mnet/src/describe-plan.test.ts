import { describe, expect, test } from 'vitest';
import { groups, kernels, network, oracle, scoresOf } from '../test/neuron-level.ts';
import { fullMasks, smallNetwork } from '../test/small.ts';
import { describePlan } from './describe-plan.ts';
import { planOfMasks, planPruning } from './plan.ts';
import type { UnitTargetRule } from './prune-rule.ts';
import { masksOfUnits } from './unit-masks.ts';
import { allUnits } from './unit-groups.ts';

const half = { mode: 'target', removeModulated: 0.5 } as const;
const scores = scoresOf(oracle.cases[0]!.q);

describe('a target of connections', () => {
  test('that is missed is told, with what was wanted and reached', () => {
    const text = describePlan(planOfMasks(smallNetwork, fullMasks(smallNetwork.kernels), half));
    expect(text).toContain('target missed: 0.0 % instead of 50.0 % of the modulated parameters go');
    expect(text).toContain('froze before the target had grown');
  });

  test('that is reached, or that there is none of, needs no word', () => {
    expect(describePlan(planPruning(network, scores, half))).not.toContain('missed');
    const whole = fullMasks(kernels);
    const thresholds = { mode: 'delta', delta: 1e-3, kappa: 0.5 } as const;
    expect(describePlan(planOfMasks(network, whole, thresholds), network)).not.toContain('missed');
  });

  test('counts the kernels that are modulated, and no others', () => {
    const some = Object.fromEntries(Object.entries(scores).slice(0, 1));
    const plan = planPruning(network, some, half);
    expect(plan.removedParams).toBeLessThan(0.3 * plan.totalParams);
    expect(describePlan(plan, network)).not.toContain('missed');
  });
});

describe('a target of units', () => {
  const rule: UnitTargetRule = {
    unit: 'neuron',
    mode: 'target',
    remove: 0.5,
    cost: 'params',
    beta: 0,
    floor: { part: 0, units: 1 },
  };
  const whole = masksOfUnits(groups, kernels, allUnits(groups));

  test('that is missed is told', () => {
    const text = describePlan(planOfMasks(network, whole, rule), network);
    expect(text).toContain('target missed: 0.0 % instead of 50.0 % of all parameters go; masks that froze');
  });

  test('that is reached needs no word', () => {
    for (const cost of ['params', 'macs', 'both'] as const)
      expect(describePlan(planPruning(network, scores, { ...rule, cost }), network)).not.toContain('missed');
  });

  test('that the floors keep from being reached says so', () => {
    const high = { ...rule, cost: 'macs', floor: { part: 0.9, units: 1 } } as const;
    expect(describePlan(planPruning(network, scores, high), network)).toMatch(
      /target missed: \d+\.\d % instead of 50\.0 % of all multiply-accumulates go; at most .* above the floors\./,
    );
  });

  test('in milliseconds means nothing before it was measured', () => {
    const { remove: _, ...timed } = { ...rule, cost: 'latency', milliseconds: 3 } as const;
    expect(describePlan(planOfMasks(network, whole, timed), network)).not.toContain('missed');
  });
});

test('before any round that decides the plan says that nothing goes, and why', () => {
  const text = describePlan(planOfMasks(smallNetwork, {}, half), smallNetwork);
  expect(text).toMatch(/at most 50 % .* go\n\n {2}Nothing goes: no kernel has a mask before the first round/);
});
