import { MaNetError, suggestion } from '@ma-net/core';
import { fieldsAt, parseRecipe, type Recipe } from './recipe.ts';

/**
 * A recipe with fields changed by `path=value`, such as `optimizer.learningRate=0.05`. Values are JSON, or
 * else strings. Naming a discriminator (`optimizer.name=adamw`) needs the whole variant as one JSON value.
 */
export function override(recipe: Recipe, assignments: readonly string[]): Recipe {
  const changed = structuredClone(recipe) as unknown as Record<string, unknown>;
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 1) {
      throw new MaNetError('bad-recipe', `"${assignment}" does not change a field; expected path=value.`, {
        where: '--set',
        hint: 'for example --set epochs=3, or --set optimizer.learningRate=0.05.',
      });
    }
    assign(changed, assignment.slice(0, equals).split('.'), parseValue(assignment.slice(equals + 1)));
  }
  return parseRecipe(changed, '--set');
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let object = target;
  path.forEach((key, depth) => {
    const known = fieldsAt(path.slice(0, depth), object);
    if (!known.includes(key)) {
      throw new MaNetError('bad-recipe', `A recipe has no field "${path.slice(0, depth + 1).join('.')}".`, {
        where: `--set ${path.join('.')}=...`,
        hint:
          known.length === 0
            ? `"${path.slice(0, depth).join('.')}" is a single value.`
            : suggestion(key, known),
      });
    }
    if (depth === path.length - 1) object[key] = value;
    else object = object[key] as Record<string, unknown>;
  });
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
