// What a recipe may say, as a JSON Schema: for editors, which complete and check by it. The parts of other packages are in it
// as ours are.

import { type AnyPart, type Installed, partsOfKind } from '@ma-net/core';
import { z } from 'zod';
import { recipeFrame, slots } from './recipe.ts';

/** A JSON Schema, as plain JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Sentences on fields, by the id of their part (the recipe's own by the empty string), then by their path. */
export type FieldDocs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The JSON Schema (draft 7, which editors know) of the recipes that can be made of these parts. What may be left out is not
 * required, and has its default. Fields are described by their schemas, or else by `docs`. Loads every package that has
 * parts.
 */
export async function recipeSchema(installed: Installed, docs: FieldDocs = {}): Promise<JsonSchema> {
  const { properties, ...frame } = described(schemaOf(recipeFrame), docs['']) as {
    properties: Record<string, JsonSchema>;
  };
  const choices = await Promise.all(
    slots.map(async (slot) => {
      const parts = await partsOfKind(slot, installed);
      const oneOf = parts.map((part) => described(choiceOf(part), docs[part.id]));
      return [slot, { ...properties[slot], oneOf }] as const;
    }),
  );
  return {
    ...frame,
    title: 'A recipe of MA-Net',
    // A file says with it which schema it follows.
    properties: { $schema: { type: 'string' }, ...properties, ...Object.fromEntries(choices) },
  };
}

/** A choice of one part, which is its id and its options. */
function choiceOf({ id, about, schema }: AnyPart): JsonSchema {
  // What a part's schema says of itself by reference stays within it.
  const $id = `urn:ma-net:part:${encodeURIComponent(id)}`;
  const { properties, definitions = {} } = schemaOf(z.strictObject({ options: schema })) as {
    properties: { options: JsonSchema };
    definitions?: Readonly<Record<string, JsonSchema>>;
  };
  const { options } = properties;
  // Options that speak of themselves are defined aside; there they do not have the part's id.
  const named =
    typeof options['$ref'] === 'string' ? options['$ref'].replace('#/definitions/', '') : undefined;
  const form = named === undefined ? options : definitions[named]!;
  const aside = Object.keys(definitions).length === 0 ? {} : { definitions };
  return { $id, title: id, description: about, ...withUse(form, id), ...aside };
}

/** The schema of options with the part's id among them; each of several forms has it. */
function withUse(options: JsonSchema, id: string): JsonSchema {
  const forms = ['oneOf', 'anyOf', 'allOf'].find((word) => Array.isArray(options[word]));
  if (forms !== undefined)
    return { ...options, [forms]: (options[forms] as JsonSchema[]).map((form) => withUse(form, id)) };
  return {
    ...options,
    type: 'object',
    properties: { use: { const: id }, ...(options['properties'] as JsonSchema | undefined) },
    required: ['use', ...((options['required'] as string[] | undefined) ?? [])],
  };
}

/** The schema with what is known of its fields, wherever in its forms and lists they stand. */
function described(
  schema: JsonSchema,
  docs: Readonly<Record<string, string>> = {},
  path: readonly string[] = [],
): JsonSchema {
  const within = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map((form) => described(form as JsonSchema, docs, path))
      : described(value as JsonSchema, docs, path);
  const field = ([name, value]: [string, JsonSchema]): [string, JsonSchema] => {
    const at = [...path, name];
    const words = docs[at.join('.')];
    return [name, { ...(words === undefined ? {} : { description: words }), ...described(value, docs, at) }];
  };
  const entries = Object.entries(schema).map(([word, value]): [string, unknown] => {
    if (word === 'properties')
      return [word, Object.fromEntries(Object.entries(value as Record<string, JsonSchema>).map(field))];
    return [word, ['oneOf', 'anyOf', 'items'].includes(word) ? within(value) : value];
  });
  return Object.fromEntries(entries);
}

function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'draft-7', io: 'input', unrepresentable: 'any' }) as JsonSchema;
}
