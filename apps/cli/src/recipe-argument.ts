// From what was typed to a recipe: a name or a file, then the changes.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fieldsAt, type Installed, MaNetError, parseJson } from '@ma-net/core';
import { findRecipe, recipes } from '@ma-net/recipes';
import { override, parseRecipe, type Recipe, resolveParts } from '@ma-net/run';
import { importModule, withData } from '@ma-net/run/node';
import { installed } from './installed.ts';

export interface RecipeArguments {
  readonly recipe?: string;
  readonly set: readonly string[];
  readonly data?: string;
  readonly method?: string;
  readonly seed?: number;
}

export interface ResolvedRecipe {
  readonly recipe: Recipe;
  /** What its parts are found among. */
  readonly installed: Installed;
}

/** The recipe to train. Throws `unknown-name`, `not-found` or `bad-recipe`. */
export async function resolveRecipe({
  recipe: wanted,
  set,
  data,
  method,
  seed,
}: RecipeArguments): Promise<ResolvedRecipe> {
  if (wanted === undefined) {
    throw new MaNetError('bad-argument', 'There is nothing to train: no recipe was named.', {
      where: '--recipe',
      hint: `pass --recipe <name>, one of ${Object.keys(recipes).join(', ')}; or --resume <run>.`,
    });
  }
  const file = fileOf(wanted);
  const parts = installed(file === undefined ? undefined : dirname(resolve(file)));
  const base = file === undefined ? findRecipe(wanted) : await readRecipe(file, parts);
  const changes = [
    ...(method === undefined ? [] : [`method=${method}`]),
    ...set,
    ...(seed === undefined ? [] : [`seed=${seed}`]),
  ];
  const changed = await override(base, changes, parts);
  const recipe = data === undefined ? changed : await inFolder(changed, data, parts);
  const { path } = recipe.data;
  // The run is looked at from other directories later.
  return { recipe: typeof path === 'string' ? withData(recipe, resolve(path)) : recipe, installed: parts };
}

/** The recipe with its data in another folder. */
async function inFolder(recipe: Recipe, folder: string, parts: Installed): Promise<Recipe> {
  const { data } = await resolveParts(recipe, parts);
  if (fieldsAt(data.part.schema, [], data.options).includes('path')) return withData(recipe, folder);
  throw new MaNetError('bad-recipe', `The data of the recipe, ${recipe.data.use}, are read from no folder.`, {
    where: '--data',
    hint: 'leave it out.',
  });
}

const MODULES = ['.ts', '.mts', '.js', '.mjs'];
const PRINT = '"manet train --recipe <name> --print > my-recipe.json"';

/** The file that was named: JSON, a module, or that of a run; undefined for a name. */
function fileOf(wanted: string): string | undefined {
  if ([...MODULES, '.json'].includes(extname(wanted))) return wanted;
  const ofRun = join(wanted, 'recipe.json');
  return existsSync(ofRun) ? ofRun : undefined;
}

async function readRecipe(path: string, parts: Installed): Promise<Recipe> {
  const value = path.endsWith('.json') ? withoutSchema(readJson(path)) : await readModule(path);
  return parseRecipe(value, path, parts);
}

/** What is left without the schema that a file names for editors. */
function withoutSchema(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { $schema: _, ...recipe } = value as { readonly $schema?: unknown };
  return recipe;
}

function readJson(path: string): unknown {
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch (cause) {
    throw notFound(path, cause);
  }
  const hint = `mend it there, or start from ${PRINT}.`;
  return parseJson(content, { what: 'The recipe', where: path, code: 'bad-recipe', hint });
}

/** What a module exports by default, called if it is a function. */
async function readModule(path: string): Promise<unknown> {
  if (!existsSync(path)) throw notFound(path);
  let made: unknown;
  try {
    ({ default: made } = await importModule(path));
    if (typeof made === 'function') made = await (made as () => unknown)();
  } catch (cause) {
    if (cause instanceof MaNetError) throw cause;
    throw unreadable(path, cause);
  }
  if (made !== undefined) return made;
  throw new MaNetError('bad-recipe', 'The module has no default export.', {
    where: path,
    hint: 'write export default defineRecipe(() => ({ ... })), with defineRecipe of @ma-net/run.',
  });
}

function unreadable(path: string, cause: unknown): MaNetError {
  const why = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
  const [, ours] = /Cannot find (?:package|module) '(@ma-net\/[\w-]+)/.exec(why) ?? [];
  return new MaNetError('bad-recipe', `The module of the recipe does not load: ${why}`, {
    where: path,
    hint:
      ours === undefined
        ? 'mend it there; with --debug, the stack shows where it fails.'
        : `install what it imports beside it: npm i ${ours}.`,
    cause,
  });
}

function notFound(path: string, cause?: unknown): MaNetError {
  return new MaNetError('not-found', 'The recipe cannot be read.', {
    where: path,
    hint: `write one with ${PRINT}.`,
    cause,
  });
}
