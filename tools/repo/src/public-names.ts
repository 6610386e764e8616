import ts from 'typescript';
import { read } from './repository.ts';

/** What an entry point exports, read from its text: named exports, and declarations of its own. */
export function publicNames(file: string): {
  readonly values: readonly string[];
  readonly types: readonly string[];
} {
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
