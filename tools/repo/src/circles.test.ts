// No source needs itself: what runs when files are loaded has an order that can be read off their imports. Types may go
// in circles, because nothing of them is left to load.

import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { circleIn, neededBy } from './circles.ts';
import { read, sources, workspaces } from './repository.ts';

test('imports of values, not of types', () => {
  const text = `import { a, type B } from './a.ts';
    import type { C } from './c.ts';
    import { type D, type E } from './d.ts';
    export * from './e.ts';
    export { f } from './f.ts';
    export type { G } from './g.ts';
    import {
      type H,
      h,
    } from './h.ts';
    import './i.ts';
    import * as tf from 'elsewhere';`;
  expect(neededBy(text)).toEqual(['./a.ts', './e.ts', './f.ts', './h.ts', './i.ts']);
});

test('a circle is told by its files, wherever it is entered', () => {
  const graph = { a: ['b'], b: ['c', 'd'], c: [], d: ['e'], e: ['b'] };
  expect(circleIn(graph)).toEqual(['b', 'd', 'e', 'b']);
  expect(circleIn({ ...graph, e: ['c'] })).toBeUndefined();
});

test('no source of ours is in one', () => {
  const graph = Object.fromEntries(
    workspaces
      .flatMap(sources)
      .map((file) => [file, neededBy(read(file)).map((specifier) => join(dirname(file), specifier))]),
  );
  expect(Object.values(graph).flat().length).toBeGreaterThan(500);
  expect(circleIn(graph)).toBeUndefined();
});
