// One concept, one stem: a test is called after the source beside it. Every source is within reach of a test of
// its package, and every public function is named by a test.

import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { publicNames } from './public-names.ts';
import { entries, files, packages, read, sources, tests, titled, workspaces } from './repository.ts';

/** Tests without a source of their stem, and what they are about. */
const subjects: Readonly<Record<string, string>> = {
  'packages/data/src/browser.test.ts': 'what the main entry imports',
  'packages/mnet/src/oracle.test.ts': 'the numbers of an independent implementation',
  'packages/tnet/src/parity.test.ts': 'the numbers of an independent implementation',
};

describe.each(titled(workspaces.filter(({ kind }) => kind !== 'tools')))('%s', (_, workspace) => {
  test('calls its tests after its sources', () => {
    const orphans = tests(workspace).filter(
      (file) => !files.includes(file.replace('.test.ts', '.ts')) && !Object.hasOwn(subjects, file),
    );
    expect(orphans).toEqual([]);
  });

  test('has no source out of reach of its tests', () => {
    const reached = new Set<string>();
    const follow = (file: string): void => {
      if (reached.has(file) || !files.includes(file)) return;
      reached.add(file);
      for (const { fileName } of ts.preProcessFile(read(file), true, true).importedFiles) {
        const own = entries(workspace).find(({ specifier }) => specifier === fileName)?.source;
        if (own !== undefined) follow(own);
        else if (fileName.startsWith('.')) follow(join(dirname(file), fileName));
      }
    };
    tests(workspace).forEach(follow);
    expect(sources(workspace).filter((file) => !reached.has(file) && computes(file))).toEqual([]);
  });
});

const words = new Set(workspaces.flatMap(tests).flatMap((file) => read(file).match(/\w+/g) ?? []));

test.each(titled(packages))('some test names every public function of %s', (_, workspace) => {
  const values = entries(workspace).flatMap(({ source }) => publicNames(source).values);
  expect(values.filter((name) => !words.has(name) && !/^[A-Z0-9_]+$/.test(name))).toEqual([]);
});

/** Whether anything is left of a source when types, imports and re-exports are gone. */
function computes(file: string): boolean {
  const { statements } = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  return statements.some(
    (s) =>
      !ts.isImportDeclaration(s) &&
      !ts.isExportDeclaration(s) &&
      !ts.isInterfaceDeclaration(s) &&
      !ts.isTypeAliasDeclaration(s),
  );
}

test('no reason outlives its need', () => {
  expect(Object.keys(subjects).filter((file) => !files.includes(file))).toEqual([]);
});
