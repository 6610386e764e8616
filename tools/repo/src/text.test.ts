// What no file of the repository may contain, how long a source may be, and what it may be called.

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { files, read, root, sources, workspaces } from './repository.ts';

describe('every file', () => {
  test('names no package registry', () => {
    const host = /\bregistry\.[a-z0-9-]+\.[a-z]{2,}|\/\/[^\s"'`/]*\b(artifactory|nexus|verdaccio)\b/i;
    expect(files.filter((file) => host.test(text(file)))).toEqual([]);
  });

  test('of the lockfile leaves the place of its packages open', () => {
    expect(read('package-lock.json')).not.toContain('"resolved": "http');
  });

  test('is finished', () => {
    const mark = new RegExp(`\\b(${['TO', 'FIX'].join('DO|')}ME|X{3})\\b`);
    expect('FIXME').toMatch(mark);
    const ours = files.filter((file) => /\.(ts|mjs|js)$/.test(file) && !file.endsWith('text.test.ts'));
    expect(ours.filter((file) => mark.test(text(file)))).toEqual([]);
  });
});

test('every source and every test can be read at a sitting', () => {
  const written = files.filter(
    (file) => /\.(ts|mjs)$/.test(file) && !/\/fixtures\/|\/recipes\/src\/field-docs\.ts$/.test(file),
  );
  expect(written.length).toBeGreaterThan(500);
  const lines = (file: string): number => text(file).trimEnd().split('\n').length;
  expect(written.filter((file) => lines(file) > 400)).toEqual([]);
});

describe('every source', () => {
  const all = workspaces.flatMap((workspace) => sources(workspace));

  test('is called after its concern', () => {
    const drawers = /^(utils?|helpers?|misc|common|types|constants)\.ts$/;
    expect(all.filter((file) => drawers.test(basename(file)))).toEqual([]);
  });
});

function text(file: string): string {
  const bytes = readFileSync(join(root, file));
  return bytes.includes(0) ? '' : bytes.toString('utf8');
}
