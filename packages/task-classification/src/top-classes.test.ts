import { Rng } from '@ma-net/core';
import { expect, test } from 'vitest';
import { topClasses } from './top-classes.ts';

test('the likeliest classes come first, and of equal ones that with the lower index', () => {
  expect(topClasses([0, Math.log(2), Math.log(2), -1000], ['a', 'b', 'c', 'd'], 3)).toEqual([
    { name: 'b', probability: expect.closeTo(0.4, 12) as number },
    { name: 'c', probability: expect.closeTo(0.4, 12) as number },
    { name: 'a', probability: expect.closeTo(0.2, 12) as number },
  ]);
});

test('probabilities of all classes add up to 1, whatever the logits', () => {
  const rng = Rng.fromSeed(1);
  for (const scale of [1, 100, 1e30]) {
    const logits = rng.normals(7, scale);
    const all = topClasses(logits, [...'abcdefg'], 99);
    expect(all).toHaveLength(7);
    expect(all.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
  }
});

test('a name for every class is needed', () => {
  expect(() => topClasses([1, 2], ['a'], 1)).toThrow(/2 classes apart, and 1 have names/);
});
