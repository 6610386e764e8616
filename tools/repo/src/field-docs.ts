// What docstrings say of the fields of schemas, found by the compiler: what an editor shows where a recipe is written in
// TypeScript.

import { resolve } from 'node:path';
import ts from 'typescript';
import { root } from './repository.ts';

/** A sentence or two for each field that has them, by its path. */
export type FieldDocs = Readonly<Record<string, string>>;

/** As deep as options go; a type may speak of itself. */
const DEPTH = 6;

/** Docs of the fields of every schema in these files: exported, or of what is exported; by file, then by name. */
export function fieldDocs(files: readonly string[]): Map<string, Map<string, FieldDocs>> {
  const paths = files.map((file) => resolve(root, file));
  const config = ts.readConfigFile(resolve(root, 'tsconfig.base.json'), ts.sys.readFile).config as {
    compilerOptions: object;
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram(paths, { ...options, noEmit: true, composite: false, incremental: false });
  const checker = program.getTypeChecker();
  const typeOf = (symbol: ts.Symbol): ts.Type => checker.getTypeOfSymbol(symbol);
  const at = (type: ts.Type, ...names: readonly string[]): ts.Type | undefined => {
    let here: ts.Type | undefined = type;
    for (const name of names) {
      const property: ts.Symbol | undefined = here?.getProperty(name);
      here = property === undefined ? undefined : typeOf(property);
    }
    return here;
  };

  const collect = (type: ts.Type, path: string, into: Record<string, string>, depth: number): void => {
    for (const form of type.isUnion() ? type.types : [type]) {
      const element = checker.isArrayType(form)
        ? checker.getTypeArguments(form as ts.TypeReference)[0]
        : form;
      if (element === undefined || !isFields(element) || depth === 0) continue;
      for (const field of checker.getPropertiesOfType(element)) {
        const name = path === '' ? field.name : `${path}.${field.name}`;
        const words = ts
          .displayPartsToString(field.getDocumentationComment(checker))
          .replace(/\s+/g, ' ')
          .trim();
        if (words !== '') into[name] ??= words;
        collect(typeOf(field), name, into, depth - 1);
      }
    }
  };

  return new Map(
    files.map((file, i) => {
      const source = checker.getSymbolAtLocation(program.getSourceFile(paths[i]!)!)!;
      const docs = checker.getExportsOfModule(source).flatMap((exported) => {
        const type = typeOf(exported);
        const input = at(type, '_zod', 'input') ?? at(type, 'schema', '_zod', 'input');
        if (input === undefined) return [];
        const found: Record<string, string> = {};
        collect(input, '', found, DEPTH);
        return [[exported.name, found] as const];
      });
      return [file, new Map(docs)] as const;
    }),
  );
}

/** Options with names of their own; strings and tuples have those of their kind. */
function isFields(type: ts.Type): boolean {
  return (
    (type.flags & ts.TypeFlags.Object) !== 0 &&
    type.getCallSignatures().length === 0 &&
    type.getNumberIndexType() === undefined
  );
}
