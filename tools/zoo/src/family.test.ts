// One concept, one stem: a family is a file of the zoo, a test beside it, a page, and a small variant.

import { zoo } from '@ma-net/tnet';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const source = readFileSync(`${root}packages/tnet/src/zoo.ts`, 'utf8');
const families = [
  ...new Set([...source.matchAll(/await import\('\.\/([^/]+)\.ts'\)/g)].map(([, file]) => file!)),
];

test('the zoo has families', () => {
  expect(families).toEqual(expect.arrayContaining(['resnet', 'wide-resnet', 'densenet', 'vit', 'swin']));
});

test.each(families)('%s has a test, a page and a small variant', (family) => {
  expect(existsSync(`${root}packages/tnet/src/${family}.test.ts`)).toBe(true);
  expect(readFileSync(`${root}docs/tnet/${family}.md`, 'utf8')).toMatch(/^# /);
  expect(Object.keys(zoo)).toContain(`${family}-test`);
});
