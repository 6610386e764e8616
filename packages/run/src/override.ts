import { fieldsAt, findPart, type Installed, MaNetError, suggestion, type Use } from '@ma-net/core';
import type { z } from 'zod';
import { inPlaceOf, partNamed } from './choose.ts';
import { parseRecipe, type Recipe, recipeFrame, type Slot, slots } from './recipe.ts';
import { newPath } from './recipe-format-1.ts';

type Fields = Record<string, unknown>;

/**
 * A recipe with fields changed by `path=value`, such as `optimizer.learningRate=0.05` or `method.prune.delta=0.001`.
 * Values are JSON, or else strings. `method=plain` chooses another part, by its id or its short name; what options both
 * have are kept. Naming a discriminator (`optimizer.name=adamw`) needs the whole variant as one JSON value.
 */
export async function override(
  recipe: Recipe,
  assignments: readonly string[],
  installed: Installed,
): Promise<Recipe> {
  const changed = structuredClone(recipe) as unknown as Fields & Record<Slot, Use<unknown>>;
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new MaNetError('bad-recipe', `"${assignment}" does not change a field; expected path=value.`, {
        where: '--set',
        hint: 'for example --set epochs=3, or --set optimizer.learningRate=0.05.',
      });
    }
    const path = assignment.slice(0, equals).split('.');
    const value = parseValue(assignment.slice(equals + 1));
    refuseOldPath(path);
    const [first, ...rest] = path;
    const slot = slots.find((name) => name === first);
    if (slot === undefined) assign(recipeFrame, changed, path, value);
    else if (typeof value === 'string' && (rest.length === 0 || rest.join() === 'use'))
      changed[slot] = inPlaceOf(changed[slot], await partNamed(value, slot, installed));
    else if (rest.length === 0) assign(recipeFrame, changed, path, value);
    else {
      const { schema } = await findPart(changed[slot].use, slot, installed, `${slot}.use`);
      assign(schema, changed[slot] as Fields, rest, value, slot);
    }
  }
  return parseRecipe(changed, '--set', installed);
}

function refuseOldPath(path: readonly string[]): void {
  const now = newPath(path.join('.'));
  if (now === undefined) return;
  throw new MaNetError('bad-recipe', `A recipe has no field "${path.join('.')}" any more.`, {
    where: `--set ${path.join('.')}=...`,
    hint: `it is "${now}" now: --set ${now}=...`,
  });
}

/** Sets a field of `target`, which is what `schema` says and stands at `prefix` of a recipe. */
function assign(
  schema: z.ZodType,
  target: Fields,
  path: readonly string[],
  value: unknown,
  ...prefix: readonly string[]
): void {
  let object = target;
  path.forEach((key, depth) => {
    const known = fieldsAt(schema, path.slice(0, depth), target);
    const named = (length: number): string => [...prefix, ...path.slice(0, length)].join('.');
    if (!known.includes(key)) {
      throw new MaNetError('bad-recipe', `A recipe has no field "${named(depth + 1)}".`, {
        where: `--set ${named(path.length)}=...`,
        hint:
          known.length > 0
            ? suggestion(key, known)
            : depth === 0
              ? `${named(0)} of this recipe has no options.`
              : `"${named(depth)}" is a single value.`,
      });
    }
    if (depth === path.length - 1) object[key] = value;
    else object = (object[key] ??= {}) as Fields;
  });
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
