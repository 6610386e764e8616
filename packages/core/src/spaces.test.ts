import { describe, expect, test } from 'vitest';
import { attach, coarsen, groupsOf, join, pin, rootOf, type Shaped, type Space } from './spaces.ts';

const by = { kind: 'layer', name: 'a reader' } as const;
let made = 0;
const space = (id: string, units: number): Space => ({
  order: made++,
  id,
  units,
  block: 1,
  members: [],
  pinnedBy: [],
});
const value = (...spaces: Space[]): Shaped => ({
  shape: [spaces.reduce((sum, s) => sum + s.units, 0)],
  spaces,
  stride: 0,
});

describe('join', () => {
  test('keeps the earlier space and everything known of both', () => {
    const [a, b] = [space('a', 3), space('b', 3)];
    attach(value(a), 'wa', 0, 'write');
    attach(value(b), 'wb', 0, 'write');
    pin(value(b), by);
    join(value(b), value(a), by);
    expect(rootOf(b)).toBe(a);
    expect(groupsOf([a, b])).toEqual([{ id: 'a', units: 3, members: a.members, pinnedBy: [by] }]);
    expect(a.members.map((m) => m.tensor)).toEqual(['wa', 'wb']);
  });

  test('twice is once', () => {
    const [a, b] = [space('a', 2), space('b', 2)];
    attach(value(a), 'wa', 0, 'write');
    join(value(a), value(b), by);
    join(value(b), value(a), by);
    expect(a.members).toHaveLength(1);
  });

  test('of several parts joins part by part, also when a part comes twice', () => {
    const [a, b, c] = [space('a', 2), space('b', 2), space('c', 2)];
    join(value(a, a), value(b, c), by);
    expect([rootOf(b), rootOf(c)]).toEqual([a, a]);
  });
});

describe('coarsen', () => {
  test('makes neighbours one unit, in everything attached before and after', () => {
    const a = space('a', 8);
    attach(value(a), 'before', 1, 'write');
    coarsen(value(a), 4, by);
    attach({ spaces: [a] }, 'after', 0, 'read');
    attach({ spaces: [a] }, 'table', 1, 'norm', 'units');
    expect([a.units, a.block]).toEqual([2, 4]);
    expect(a.members.map(({ tensor, block }) => [tensor, block])).toEqual([
      ['before', 4],
      ['after', 4],
      ['table', 1],
    ]);
    expect(a.pinnedBy).toEqual([]);
  });

  test('again with the same width changes nothing; with another it keeps the channels', () => {
    const a = space('a', 8);
    coarsen(value(a), 4, by);
    coarsen({ spaces: [a] }, 4, by);
    expect([a.units, a.pinnedBy]).toEqual([2, []]);
    coarsen({ spaces: [a] }, 2, by);
    expect(a.pinnedBy).toHaveLength(1);
    const odd = space('odd', 6);
    coarsen(value(odd), 4, by);
    expect([odd.units, odd.pinnedBy.length]).toEqual([6, 1]);
  });
});

test('attach counts on from part to part', () => {
  const [a, b] = [space('a', 2), space('b', 3)];
  attach(value(a, b, a), 'w', 0, 'read');
  expect(a.members.map((m) => m.start)).toEqual([0, 5]);
  expect(b.members.map((m) => m.start)).toEqual([2]);
});
