// One concept, one stem: a test is called after the source beside it, or says what it is about. Every source
// is within reach of a test of its package, and every public function has a test of its name or is named by one.

import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { publicNames } from './public-names.ts';
import { entries, files, packages, read, sources, tests, titled, workspaces } from './repository.ts';

describe.each(titled(workspaces.filter(({ kind }) => kind !== 'tools')))('%s', (_, workspace) => {
  test('calls its tests after its sources, or says in their first line what they are about', () => {
    const orphans = tests(workspace).filter((file) => !files.includes(file.replace('.test.ts', '.ts')));
    expect(orphans.filter((file) => !read(file).startsWith('// '))).toEqual([]);
  });

  test('has no source out of reach of its tests', () => {
    const reached = new Set<string>();
    const follow = (file: string): void => {
      if (reached.has(file) || !files.includes(file)) return;
      reached.add(file);
      const text = read(file);
      // Workers go by their address.
      for (const [, path] of text.matchAll(/new URL\('(\.[^']+)', import\.meta\.url\)/g))
        follow(join(dirname(file), path!));
      for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
        const own = entries(workspace).find(({ specifier }) => specifier === fileName)?.source;
        if (own !== undefined) follow(own);
        else if (fileName.startsWith('#')) twins(workspace.folder, fileName).forEach(follow);
        else if (fileName.startsWith('.')) follow(join(dirname(file), fileName));
      }
    };
    tests(workspace).forEach(follow);
    // Its tests run it.
    if (workspace.kind === 'apps')
      for (const main of ['main.ts', 'main.tsx']) follow(`${workspace.folder}/src/${main}`);
    expect(sources(workspace).filter((file) => !reached.has(file) && computes(file))).toEqual([]);
  });
});

/** The files that stand for a name, in Node and elsewhere. */
function twins(folder: string, name: string): readonly string[] {
  const { imports = {} } = JSON.parse(read(`${folder}/package.json`)) as {
    imports?: Record<string, unknown>;
  };
  const found = JSON.stringify(imports[name] ?? {}).matchAll(/"@ma-net\/source":"([^"]+)"/g);
  return [...found].map(([, path]) => join(folder, path!));
}

const allTests = workspaces.flatMap(tests);
const words = new Set(allTests.flatMap((file) => read(file).match(/\w+/g) ?? []));
const stems = new Set(allTests.map((file) => basename(file, '.test.ts')));

test.each(titled(packages))('some test knows every public function of %s', (_, workspace) => {
  const functions = entries(workspace)
    .flatMap(({ source }) => publicNames(source).values)
    .filter((name) => !/^[A-Z0-9_]+$/.test(name));
  expect(functions.filter((name) => !words.has(name) && !stems.has(kebab(name)))).toEqual([]);
});

const kebab = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

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
