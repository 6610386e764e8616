// What a browser loads must not ask for a file system.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

function reachable(url: URL, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(url.href)) return seen;
  const source = readFileSync(url, 'utf8');
  seen.set(url.href, source);
  for (const [, path] of source.matchAll(/from '(\.\/[^']+)'/g)) reachable(new URL(path!, url), seen);
  return seen;
}

const importsNode = (entry: string): string[] =>
  [...reachable(new URL(entry, import.meta.url))]
    .filter(([, s]) => /from 'node:/.test(s))
    .map(([file]) => file);

test('the main entry imports no module of Node', () => {
  expect(importsNode('./index.ts')).toEqual([]);
  expect(importsNode('./node.ts')).toHaveLength(2);
});
