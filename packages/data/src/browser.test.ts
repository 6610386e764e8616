// What a browser loads must not ask for a file system, nor for a library that only runs in Node.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

function reachable(url: URL, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(url.href)) return seen;
  const source = readFileSync(url, 'utf8');
  seen.set(url.href, source);
  for (const [, path] of source.matchAll(/from '(\.\.?\/[^']+)'/g)) reachable(new URL(path!, url), seen);
  return seen;
}

const importedBy = (entry: string): string[] => {
  const names = [...reachable(new URL(entry, import.meta.url)).values()].flatMap((source) =>
    [...source.matchAll(/^(?:import|export|\}) (?!type).*from '([^.'][^']*)'|import\('([^']+)'\)/gm)].map(
      ([, named, lazy]) => (named ?? lazy)!,
    ),
  );
  return [...new Set(names)].sort();
};

test('the main entry imports nothing of Node', () => {
  expect(importedBy('./index.ts')).toEqual(['@ma-net/core', '@tensorflow/tfjs-core']);
  expect(importedBy('./node.ts')).toEqual(expect.arrayContaining(['node:fs/promises', 'sharp', 'tinypool']));
});

test('the library that decodes is loaded when a file is, not before', () => {
  const source = readFileSync(new URL('./photos/decode.ts', import.meta.url), 'utf8');
  expect(source).not.toMatch(/^import (?!type).*'sharp'/m);
});
