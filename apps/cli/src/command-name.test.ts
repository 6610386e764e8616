import { expect, test } from 'vitest';
import { manet } from './command-name.ts';

test.each([
  ['/usr/local/bin/manet', {}, 'manet'],
  ['/repo/node_modules/.bin/manet', { npm_execpath: '/usr/lib/npm-cli.js' }, 'npx manet'],
  ['apps/cli/dist/main.js', {}, 'node apps/cli/dist/main.js'],
])('started as %s', (file, environment, expected) => {
  expect(manet(file, environment)).toBe(expected);
});
