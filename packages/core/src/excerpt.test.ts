import { expect, test } from 'vitest';
import { excerpt } from './excerpt.ts';

test.each<[unknown, string]>([
  ['conv1.weight', '"conv1.weight"'],
  ['a "b"', '"a \\"b\\""'],
  [[1, 2], '[1,2]'],
  [undefined, 'undefined'],
  [Symbol.iterator, 'Symbol(Symbol.iterator)'],
  ['\u001b[31m\u009b2J\u202e', '"\\u001b[31m\\x9b2J\\u202e"'],
])('%s', (value, expected) => expect(excerpt(value)).toBe(expected));

test('is short, whatever it is of', () => {
  let deep: unknown = [];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  const around: unknown[] = [];
  around.push(around);
  for (const value of ['x'.repeat(1e6), '\n'.repeat(1e6), { a: 'x'.repeat(1e6) }, deep, around])
    expect(excerpt(value).length).toBeLessThan(300);
  expect(excerpt('0123456789', 8)).toBe('"01234567" ... (2 more characters)');
});
