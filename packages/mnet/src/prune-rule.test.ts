import { describe, expect, test } from 'vitest';
import {
  DEFAULT_KAPPA,
  describeRule,
  letsUnitsGo,
  NEURON_LEVEL,
  parsePruneRule,
  pruneRule,
  tableOf,
  targetOf,
  withTargets,
} from './prune-rule.ts';

test('takes both modes as they are', () => {
  for (const rule of [
    { mode: 'delta', delta: 1e-3, kappa: DEFAULT_KAPPA },
    { mode: 'target', removeModulated: 0 },
  ]) {
    expect(parsePruneRule(rule)).toEqual(rule);
    expect(pruneRule.parse(rule)).toEqual(rule);
  }
});

test.each([
  [{ mode: 'target', removeModulated: 1 }, /removeModulated: expected a number below 1, found 1/],
  [{ mode: 'target', removeModulated: -0.1 }, /removeModulated: expected a number of at least 0/],
  [{ mode: 'target', removeModulated: '0.5' }, /removeModulated: expected a number, found "0.5"/],
  [{ mode: 'target', removeModulated: Number.NaN }, /removeModulated: expected a number/],
  [{ mode: 'delta', delta: 2, kappa: 0.5 }, /delta: expected a number of at most 1/],
  [{ mode: 'delta', delta: 0.1, kappa: 0 }, /kappa: expected a number above 0/],
  [{ mode: 'target', removeModulated: 0.5, kappa: 1 }, /no field "kappa"/],
  [{ mode: 'share' }, /expected the mode "delta" or "target"/],
  [null, /expected the mode|expected a/],
])('refuses %j', (rule, message) => {
  expect(() => parsePruneRule(rule)).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) }),
  );
});

test('says what a rule does', () => {
  expect(describeRule({ mode: 'target', removeModulated: 0.705 })).toBe(
    'at most 70.5 % of the modulated parameters go',
  );
  expect(describeRule({ mode: 'delta', delta: 1e-3, kappa: 0.5 })).toBe(
    'connections with q < min(0.001 F, 0.5) go',
  );
});

test('knows who lets units go, how much goes, and how a target grows', () => {
  const connections = { mode: 'target', removeModulated: 0.6 } as const;
  const paper = { mode: 'delta', delta: 1e-3, kappa: 0.5 } as const;
  const both = { ...NEURON_LEVEL, unit: 'both', removeModulated: 0.2 } as const;
  expect([connections, paper, NEURON_LEVEL, both].map(letsUnitsGo)).toEqual([false, false, true, true]);
  expect([connections, paper, NEURON_LEVEL, both].map(targetOf)).toEqual([0.6, undefined, 0.5, 0.5]);
  const half = (target: number): number => target / 2;
  expect(withTargets(connections, half)).toEqual({ ...connections, removeModulated: 0.3 });
  expect(withTargets(paper, half)).toEqual(paper);
  expect(withTargets(NEURON_LEVEL, half)).toEqual({ ...NEURON_LEVEL, remove: 0.25 });
  expect(withTargets(both, half)).toEqual({ ...both, remove: 0.25, removeModulated: 0.1 });
  expect(describeRule(both)).toBe(
    'units go until 50 % of all parameters are gone, and at most 20 % of the modulated parameters that are left',
  );
});

describe('a target in milliseconds', () => {
  const { beta, floor } = NEURON_LEVEL;
  const table = {
    backend: 'none',
    device: 'none',
    computing: { threads: 1 },
    batchSize: 8,
    milliseconds: 4,
    layers: [{ layer: 'dense [2] -> [3]', reads: [1, 2], makes: [3], milliseconds: [[1], [2]] }],
  };
  const fast = { unit: 'neuron', mode: 'target', cost: 'latency', milliseconds: 3, beta, floor } as const;
  const half = (target: number): number => target / 2;

  test('is a part of the time of the full network, and grows as others do', () => {
    const rule = { ...fast, table };
    expect(parsePruneRule(rule)).toEqual(rule);
    expect(targetOf(rule)).toBe(0.25);
    expect(withTargets(rule, half)).toEqual({ ...rule, milliseconds: 3.5 });
    const both = { ...rule, unit: 'both', removeModulated: 0.2 } as const;
    expect(withTargets(both, half)).toEqual({ ...both, milliseconds: 3.5, removeModulated: 0.1 });
    expect(targetOf({ ...rule, milliseconds: 5 })).toBe(0);
    expect(describeRule(rule)).toBe('units go until an image takes 3 ms of 4 ms');
  });

  test('means nothing before it was measured', () => {
    expect(parsePruneRule(fast)).toEqual(fast);
    expect(describeRule(fast)).toBe('units go until an image takes 3 ms');
    for (const use of [() => targetOf(fast), () => tableOf(fast), () => withTargets(fast, half)])
      expect(use).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  test.each([
    [{ ...fast, milliseconds: 0 }, /milliseconds: expected a number above 0, found 0/],
    [{ ...fast, remove: 0.5 }, /no field "remove"/],
    [{ ...fast, table: { ...table, layers: [] } }, /table.layers: expected/],
    [{ ...fast, table: { ...table, milliseconds: -1 } }, /table.milliseconds: expected a number above 0/],
  ])('refuses %j', (rule, message) => {
    expect(() => parsePruneRule(rule)).toThrow(
      expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) }),
    );
  });
});

test.each([
  [{ ...NEURON_LEVEL, remove: 1 }, /remove: expected a number below 1, found 1/],
  [{ ...NEURON_LEVEL, cost: 'watts' }, /cost: expected "params", "macs", "both" or "latency", found "watts"/],
  [{ ...NEURON_LEVEL, floor: { part: 2, units: 4 } }, /floor.part: expected a number of at most 1/],
  [{ ...NEURON_LEVEL, unit: 'layer' }, /unit: expected "connection", "neuron" or "both"/],
])('refuses the rule for units %j', (rule, message) => {
  expect(() => parsePruneRule(rule)).toThrow(
    expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(message) }),
  );
});
