import util from 'node:util';
import { expect, test } from 'vitest';
import { repairUtil } from './repair.ts';

test('puts back what Node 23 removed', () => {
  const bare: Record<string, unknown> = {};
  repairUtil(bare);
  const { isArray, isNullOrUndefined } = bare as Record<string, (value: unknown) => boolean>;
  expect([null, undefined, 0, '', false].map(isNullOrUndefined!)).toEqual([true, true, false, false, false]);
  expect([[], {}].map(isArray!)).toEqual([true, false]);
});

test('keeps what there is', () => {
  const isArray = (): boolean => true;
  const target: Record<string, unknown> = { isArray };
  repairUtil(target);
  expect(target['isArray']).toBe(isArray);
  repairUtil();
  expect(util).toHaveProperty('isNullOrUndefined');
});
