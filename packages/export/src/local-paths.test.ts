import { expect, test } from 'vitest';
import { withoutLocalPaths } from './local-paths.ts';

test.each(['/home/someone/cifar10', '~/data', 'C:\\data', 'd:/data', '\\\\host\\share', 'file:///data'])(
  '%s stays on the machine',
  (path) => {
    const recipe = { name: 'a', data: { use: 'x#y', path, flip: true }, weights: path, all: [path, 1] };
    expect(withoutLocalPaths(recipe)).toEqual({ name: 'a', data: { use: 'x#y', flip: true }, all: [1] });
  },
);

test('everything else is kept as it is', () => {
  const recipe = { name: 'a/b', weights: 'hub:owner/name', mean: [0.5], tilde: '~', nothing: null };
  expect(withoutLocalPaths(recipe)).toEqual(recipe);
});
