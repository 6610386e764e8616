import { expect, test } from 'vitest';
import { moduleFor } from './module-for.ts';

test('threads get what was built, wherever the package is run from', () => {
  const source = moduleFor('../photos/x', 'file:///src/packages/data/src/workers/crew.ts');
  expect(source).toBe('file:///src/packages/data/dist/photos/x.js');
  expect(moduleFor('./x', 'file:///node_modules/data/dist/photos/y.js')).toBe(
    'file:///node_modules/data/dist/photos/x.js',
  );
});
