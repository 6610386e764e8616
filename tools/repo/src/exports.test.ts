// The public names of every package, types included, as files: a change to them shows up in review.
// `npm run api` writes them anew.

import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { entries, files, packages, read } from './repository.ts';

describe.each(packages.flatMap(entries).map((entry) => [entry.specifier, entry.source]))(
  '%s',
  (specifier, source) => {
    const { values, types } = namesOf(source);
    const snapshot = specifier.replace('@ma-net/', '').replace('/', '.');

    test('exports what it exported', async () => {
      const names = [...values, ...types.map((name) => `type ${name}`)];
      await expect(`${names.join('\n')}\n`).toMatchFileSnapshot(`../exports/${snapshot}.txt`);
    });

    test('exports the values that its source names', async () => {
      const module = (await import(specifier)) as object;
      expect(Object.keys(module).sort()).toEqual(values);
    }, 60_000);
  },
);

test('there is no snapshot of a package that is gone', () => {
  const snapshots = files.flatMap((file) => /^tools\/repo\/exports\/(.+)\.txt$/.exec(file)?.[1] ?? []);
  const known = packages
    .flatMap(entries)
    .map(({ specifier }) => specifier.replace('@ma-net/', '').replace('/', '.'));
  expect(snapshots.filter((name) => !known.includes(name))).toEqual([]);
});

function namesOf(file: string): { readonly values: readonly string[]; readonly types: readonly string[] } {
  const values: string[] = [];
  const types: string[] = [];
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement)) {
      if (statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) continue;
      for (const { name, isTypeOnly } of statement.exportClause.elements)
        (isTypeOnly || statement.isTypeOnly ? types : values).push(name.text);
    } else if (isExported(statement)) {
      if (ts.isVariableStatement(statement)) {
        for (const { name } of statement.declarationList.declarations)
          if (ts.isIdentifier(name)) values.push(name.text);
      } else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
        types.push(statement.name.text);
      } else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
        if (statement.name !== undefined) values.push(statement.name.text);
      }
    }
  }
  return { values: values.sort(), types: types.sort() };
}

function isExported(node: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(node) &&
    (ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword) ?? false)
  );
}
