// Values from files and from people, checked by a zod schema, and told in words that say which field and which name was
// meant. What fields there are is read from the schema as JSON Schema, which is public, not from zod's classes.

import type { z } from 'zod';
import { toJSONSchema } from 'zod/v4/core';
import { MaNetError, suggestion } from './errors.ts';

/** As much of JSON Schema as it takes to know the fields of an object. */
interface Described {
  readonly properties?: Readonly<Record<string, Described & { readonly const?: unknown }>>;
  readonly required?: readonly string[];
  readonly items?: Described;
  readonly oneOf?: readonly Described[];
  readonly anyOf?: readonly Described[];
}

export interface CheckOptions {
  /** What is checked, as the subject of a sentence: `The recipe`. */
  readonly what: string;
  /** Where it came from: a file, an option. */
  readonly where: string;
  /** Where it stands in a larger value, before the paths of its fields: `data`. */
  readonly prefix?: string;
  readonly hint?: string;
}

/** The value as the schema returns it. Throws `bad-recipe` with every problem, and the nearest field of an unknown one. */
export function checked<Options>(
  schema: z.ZodType<Options>,
  value: unknown,
  { what, where, prefix = '', hint = 'correct these fields.' }: CheckOptions,
): Options {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${describeIssue(schema, issue, value, prefix)}`);
  throw new MaNetError('bad-recipe', `${what} cannot be used:\n${problems.slice(0, 20).join('\n')}`, {
    where,
    hint,
  });
}

/** Names of the fields at a path of a schema; `value`, what stands there now, decides between variants. */
export function fieldsAt(schema: z.ZodType, path: readonly string[], value: unknown): string[] {
  let at = described(schema);
  let here: unknown = value;
  for (const key of path) {
    const variant = variantOf(at, here);
    const next = variant?.properties?.[key] ?? variant?.items;
    if (next === undefined) return [];
    at = next;
    here = (here as Record<string, unknown> | undefined)?.[key];
  }
  return Object.keys(variantOf(at, here)?.properties ?? {});
}

function described(schema: z.ZodType): Described {
  // The function knows the schemas of zod/mini as well, which the method does not.
  return toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Described;
}

/** Of several forms, the one whose constants the value has; else the first one. */
function variantOf(schema: Described, value: unknown): Described | undefined {
  const forms = formsOf(schema);
  if (forms.length === 1) return forms[0];
  const given = (value ?? {}) as Readonly<Record<string, unknown>>;
  const fits = forms.find(({ properties = {}, required = [] }) => {
    const constants = Object.entries(properties).filter(([, p]) => p.const !== undefined);
    return (
      constants.length > 0 &&
      constants.every(
        ([key, p]) => given[key] === p.const || (given[key] === undefined && !required.includes(key)),
      )
    );
  });
  return fits ?? forms.find(({ properties }) => properties !== undefined);
}

/** A choice among forms may be among choices. */
function formsOf(schema: Described): readonly Described[] {
  return (schema.oneOf ?? schema.anyOf)?.flatMap(formsOf) ?? [schema];
}

function describeIssue(schema: z.ZodType, issue: z.core.$ZodIssue, value: unknown, prefix: string): string {
  const keys = issue.path.map(String);
  const named = (path: readonly string[]): string => [...(prefix === '' ? [] : [prefix]), ...path].join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsAt(schema, keys, value);
    return issue.keys
      .slice(0, 20)
      .map(
        (key) => `${named([...keys, shortened(key)])}: no such field; ${suggestion(shortened(key), known)}`,
      )
      .join('\n  ');
  }
  const found =
    'input' in issue && issue.input !== undefined ? `, found ${shortened(JSON.stringify(issue.input))}` : '';
  return `${named(keys) || 'it'}: ${issue.message.replace(/, received .*$/, '')}${found}`;
}

/** No message is as long as what it is about. */
function shortened(text = 'a value that is no JSON'): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
