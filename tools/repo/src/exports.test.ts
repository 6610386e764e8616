// The public names of every package, types included, as files: a change to them shows up in review.
// `npm run api` writes them anew.

import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { files, packages, read, titled } from './repository.ts';

describe.each(titled(packages))('%s', (folder, { id, manifest }) => {
  const { values, types } = namesOf(`${folder}/src/index.ts`);

  test('exports what it exported', async () => {
    const names = [...values, ...types.map((name) => `type ${name}`)];
    await expect(`${names.join('\n')}\n`).toMatchFileSnapshot(`../exports/${id}.txt`);
  });

  test('exports the values that its entry point names', async () => {
    const module = (await import(manifest.name)) as object;
    expect(Object.keys(module).sort()).toEqual(values);
  }, 60_000);
});

test('there is no snapshot of a package that is gone', () => {
  const snapshots = files.flatMap((file) => /^tools\/repo\/exports\/(.+)\.txt$/.exec(file)?.[1] ?? []);
  expect(snapshots.filter((id) => !packages.some((p) => p.id === id))).toEqual([]);
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
