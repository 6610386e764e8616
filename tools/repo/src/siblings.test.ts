// One concept, one stem: `swin.ts` is tested by `swin.test.ts` beside it, or at least some test of its package
// asks for it by name.

import { dirname, join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { files, read, sources, tests, workspaces } from './repository.ts';
import { testedElsewhere } from './siblings.ts';

const inTests = new Set(
  workspaces
    .flatMap((workspace) => tests(workspace))
    .flatMap((file) => {
      const { importedFiles } = ts.preProcessFile(read(file), true, true);
      return [file.replace('.test.ts', '.ts'), ...importedFiles.map((i) => join(dirname(file), i.fileName))];
    }),
);

const untested = workspaces
  .filter(({ kind }) => kind !== 'tools')
  .flatMap((workspace) => sources(workspace))
  .filter((file) => !inTests.has(file) && doesSomething(file));

test('every source is tested by name, or has a reason not to be', () => {
  expect(untested.filter((file) => !Object.hasOwn(testedElsewhere, file))).toEqual([]);
});

test('no reason outlives its need', () => {
  expect(Object.keys(testedElsewhere).filter((file) => !untested.includes(file))).toEqual([]);
});

test.each(Object.entries(testedElsewhere))('%s: a reason names a test that exists', (_, reason) => {
  const named = [...reason.matchAll(/[\w./-]+\.test\.ts/g)].map(([file]) => file);
  expect(named.filter((file) => !files.includes(file))).toEqual([]);
  expect(reason.length).toBeGreaterThan(15);
});

/** Whether anything is left of a source when types, imports and re-exports are gone. */
function doesSomething(file: string): boolean {
  const { statements } = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  return statements.some(
    (s) =>
      !ts.isImportDeclaration(s) &&
      !ts.isExportDeclaration(s) &&
      !ts.isInterfaceDeclaration(s) &&
      !ts.isTypeAliasDeclaration(s),
  );
}
