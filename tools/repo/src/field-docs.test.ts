// What docstrings say of the fields of our recipes, as a file that the JSON schema of recipes takes its descriptions
// from. `npm run api` writes it anew.

import { fieldDocs as known, ourParts } from '@ma-net/recipes';
import { type JsonSchema, recipeSchema } from '@ma-net/run';
import { expect, test } from 'vitest';
import { fieldDocs } from './field-docs.ts';

const FRAME = 'packages/run/src/recipe.ts';
/** Whose fields are all described: all that our recipes are made of. */
const DESCRIBED = [
  ...['tnet', 'data', 'data-coco'],
  ...['classification', 'fcos', 'rcnn', 'detr', 'condinst', 'boxinst'].map((task) => `task-${task}`),
  ...['method-ma-net', 'search', 'baselines'],
].map((name) => `@ma-net/${name}`);
const fileOf = (name: string): string => `${name.replace('@ma-net/', 'packages/')}/src/parts.ts`;

test('what docstrings say is what the schema says', async () => {
  const docs = fieldDocs([FRAME, ...DESCRIBED.map(fileOf)]);
  const all: Record<string, Readonly<Record<string, string>>> = { '': docs.get(FRAME)!.get('recipeFrame')! };
  for (const name of DESCRIBED) {
    const offered = (await ourParts.load(name)) as Readonly<Record<string, { id?: string }>>;
    for (const [exported, found] of docs.get(fileOf(name))!) {
      const { id } = offered[exported] ?? {};
      if (id !== undefined) all[id] = found;
    }
  }
  const code = `// What docstrings say of fields, written by field-docs.test.ts of tools/repo.\n\nexport const fieldDocs = ${JSON.stringify(all, null, 2)};\n`;
  await expect(code).toMatchFileSnapshot('../../../packages/recipes/src/field-docs.ts');
}, 240_000);

test('every field of theirs is described', async () => {
  const bare: string[] = [];
  const walk = (schema: JsonSchema, path: string): void => {
    for (const [name, field] of Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>)) {
      const here = `${path}.${name}`;
      // The part itself is described by its own words.
      const chosen = name === 'use' || name === '$schema' || field['const'] !== undefined;
      if (!chosen && field['description'] === undefined) bare.push(here);
      walk(field, here);
    }
    for (const form of (schema['oneOf'] ?? schema['anyOf'] ?? []) as JsonSchema[])
      walk(form, (form['$id'] as string | undefined) ?? path);
    if (schema['items'] !== undefined && !Array.isArray(schema['items']))
      walk(schema['items'] as JsonSchema, path);
  };
  walk(await recipeSchema({ ...ourParts, packages: DESCRIBED }, known), '');
  expect([...new Set(bare)]).toEqual([]);
});
