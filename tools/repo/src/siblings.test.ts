// One concept, one stem: `swin.ts` is tested by `swin.test.ts` beside it.

import ts from 'typescript';
import { expect, test } from 'vitest';
import { files, read, sources, workspaces } from './repository.ts';
import { testedElsewhere } from './siblings.ts';

const untested = workspaces
  .filter(({ kind }) => kind !== 'tools')
  .flatMap((workspace) => sources(workspace))
  .filter((file) => !files.includes(file.replace(/\.ts$/, '.test.ts')) && doesSomething(file));

test('every source has a test of its stem, or a reason not to', () => {
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
