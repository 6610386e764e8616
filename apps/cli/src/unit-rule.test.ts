import { NEURON_LEVEL } from '@ma-net/mnet';
import { expect, test } from 'vitest';
import { unitRule } from './unit-rule.ts';

test('says in a rule what is to go', () => {
  expect(unitRule({})).toEqual(NEURON_LEVEL);
  expect(unitRule({ remove: 0.7 })).toEqual({ ...NEURON_LEVEL, remove: 0.7 });
  expect(unitRule({ removeMacs: 0.3 })).toEqual({ ...NEURON_LEVEL, cost: 'macs', remove: 0.3 });
  expect(unitRule({ latency: 3 })).toMatchObject({ unit: 'neuron', cost: 'latency', milliseconds: 3 });
});

test('keeps what a rule for units says besides, and takes nothing from others', () => {
  const own = { ...NEURON_LEVEL, beta: 0.5, floor: { part: 0.2, units: 1 }, remove: 0.8 } as const;
  expect(unitRule({}, own)).toBe(own);
  expect(unitRule({ remove: 0.3 }, own)).toEqual({ ...own, remove: 0.3 });
  expect(unitRule({}, { mode: 'target', removeModulated: 0.9 })).toEqual(NEURON_LEVEL);
});
