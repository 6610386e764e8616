import { expect, test } from 'vitest';
import { changesBetween } from './recipe-changes.ts';

test('names every field that differs, where it is, and both values', () => {
  const before = { batchSize: 16, data: { name: 'digits', limit: 3 }, at: [1, 2], same: { a: null } };
  const now = { batchSize: 8, data: { name: 'digits', flip: true }, at: [1, 3], same: { a: null } };
  expect(changesBetween(before, now)).toEqual([
    'batchSize: 16, now 8',
    'data.limit: 3, now nothing',
    'data.flip: nothing, now true',
    'at: [1,2], now [1,3]',
  ]);
  expect(changesBetween(before, structuredClone(before))).toEqual([]);
});

test('takes names from files for names', () => {
  const text = '{"__proto__": {"x": 1}, "constructor": 1}';
  expect(changesBetween(JSON.parse(text), JSON.parse(text))).toEqual([]);
  expect(changesBetween({}, JSON.parse(text))).toEqual([
    '__proto__: nothing, now {"x":1}',
    'constructor: nothing, now 1',
  ]);
});
