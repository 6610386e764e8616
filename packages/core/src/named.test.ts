import { expect, test } from 'vitest';
import { named } from './named.ts';

test('a record has the names that were given, and no other', () => {
  const record = named<unknown>([
    ['__proto__', { polluted: true }],
    ['constructor', 1],
  ]);
  expect(Object.keys(record)).toEqual(['__proto__', 'constructor']);
  expect(record['toString']).toBeUndefined();
  expect(record['polluted']).toBeUndefined();
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  record['__proto__'] = 2;
  expect(record['__proto__']).toBe(2);
  expect({ ...record }['__proto__']).toBe(2);
});
