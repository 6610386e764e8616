import { expect, test } from 'vitest';
import { DEFAULT_KAPPA, describeRule, parsePruneRule, pruneRule } from './prune-rule.ts';

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
