// What a recipe is made of: choices, by name, among the parts of installed packages. A choice is plain JSON, typed
// where it is written and checked where it is read.

import type { z } from 'zod';
import { MaNetError, suggestion } from './errors.ts';
import { checked } from './fields.ts';

declare const made: unique symbol;

/**
 * A choice: `@ma-net/task-classification#classification` and its options, as plain JSON. The compiler knows what it
 * makes.
 */
export interface Use<Made> {
  /** Package and name of the part. */
  readonly use: string;
  readonly [option: string]: unknown;
  readonly [made]?: Made;
}

/** What a part makes, in the words of a recipe. */
export type PartKind = 'backend' | 'network' | 'data' | 'task' | 'method' | 'format';

/** A part as it is known to whoever read its name in a file. */
export interface AnyPart {
  readonly id: string;
  readonly kind: PartKind;
  /** One line for people. */
  readonly about: string;
  readonly schema: z.ZodType;
  /** Makes it, loading what that takes; `options` as the schema returns them. */
  open(options: never): Promise<unknown>;
}

/** What a package offers to recipes: called with options, it is a choice. */
export interface Part<Made, Given, Options> extends AnyPart {
  /** A complete choice: what `options` leave out is filled in. Throws `bad-recipe`. */
  (options: Given): Use<Made>;
  readonly schema: z.ZodType<Options, Given>;
  open(options: Options): Promise<Made>;
}

/** Defines a part. Packages export theirs as `parts`, a list, from the entry point `<package>/parts`. */
export function definePart<Made, Given extends object, Options extends object>({
  id,
  schema,
  ...rest
}: {
  readonly id: string;
  readonly kind: PartKind;
  readonly about: string;
  readonly schema: z.ZodType<Options, Given>;
  readonly open: (options: Options) => Promise<Made>;
}): Part<Made, Given, Options> {
  const choose = (options: Given): Use<Made> => ({
    use: id,
    ...checked(schema, options, { what: `The options of "${id}"`, where: id }),
  });
  return Object.assign(choose, { id, schema, ...rest });
}

/** The packages whose parts may be chosen: those that an application depends on, and no others. */
export interface Installed {
  readonly packages: readonly string[];
  /** The module `<name>/parts`. */
  load(name: string): Promise<{ readonly parts?: readonly AnyPart[] }>;
}

/** A part and the options it was chosen with, checked: `open` makes it. */
export interface Resolved {
  readonly part: AnyPart;
  readonly options: Readonly<Record<string, unknown>>;
  open(): Promise<unknown>;
}

/**
 * Finds what a choice names. Throws `unknown-name` with the nearest package or part, and `bad-recipe` where the
 * options are not what the part's schema says. `field`: where the choice stands, such as `data`; `file`: in what.
 */
export async function resolvePart(
  { use, ...options }: Use<unknown>,
  kind: PartKind,
  installed: Installed,
  field: string = kind,
  file?: string,
): Promise<Resolved> {
  const where = file === undefined ? field : `${file}, ${field}`;
  const part = await findPart(use, kind, installed, `${where}.use`);
  const schema = part.schema as z.ZodType<Readonly<Record<string, unknown>>>;
  const complete = checked(schema, options, {
    what: `The options of "${use}"`,
    where,
    prefix: field,
    hint: `"manet recipes" shows recipes that work; the fields are those of ${use}.`,
  });
  return { part, options: complete, open: () => part.open(complete as never) };
}

/** The part called `id`. Throws `unknown-name`. */
export async function findPart(
  id: string,
  kind: PartKind,
  installed: Installed,
  where: string,
): Promise<AnyPart> {
  const name = id.split('#', 1)[0]!;
  if (!installed.packages.includes(name)) {
    throw new MaNetError('unknown-name', `"${id}" names a package that is not a dependency here.`, {
      where,
      hint: `install it (npm i ${name}), or ${suggestion(name, installed.packages)}.`,
    });
  }
  const parts = await partsOf(name, installed);
  const part = parts.find((p) => p.id === id && p.kind === kind);
  if (part !== undefined) return part;
  const known = parts.filter((p) => p.kind === kind).map((p) => p.id);
  throw new MaNetError('unknown-name', `There is no ${kind} called "${id}".`, {
    where,
    hint: known.length === 0 ? `${name} offers none; name another package.` : suggestion(id, known),
  });
}

/** All installed parts of a kind, in the order of their packages. */
export async function partsOfKind(kind: PartKind, installed: Installed): Promise<AnyPart[]> {
  const all = await Promise.all(installed.packages.map((name) => partsOf(name, installed)));
  return all.flat().filter((part) => part.kind === kind);
}

async function partsOf(name: string, installed: Installed): Promise<readonly AnyPart[]> {
  const { parts = [] } = await installed.load(name);
  return parts;
}
