// `--epochs 3` is no option: epochs are a field of the recipe, and those are changed with --set.

import { findRecipe } from '@ma-net/recipes';

/** For an option that does not exist, the ways to set the field of a recipe that it names; none for other names. */
export function fieldsNamed(flag: string, value: string | undefined): string[] {
  const name = flag.replace(/^-+/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return pathsOf(findRecipe('digits'))
    .filter((path) => path === name || path.endsWith(`.${name}`))
    .map((path) => `--set ${path}=${value ?? '...'}`);
}

function pathsOf(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    `${prefix}${key}`,
    ...pathsOf(child, `${prefix}${key}.`),
  ]);
}

/** What to type instead, for a command line that ends in an unknown option; undefined where nothing is known. */
export function insteadOf(argv: readonly string[], message: string): string | undefined {
  const flag = /unknown option '(--[^=']+)/.exec(message)?.[1];
  const at = argv.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  if (flag === undefined || at === -1 || !argv.includes('train')) return undefined;
  const next = argv[at]!.includes('=') ? argv[at]!.slice(flag.length + 1) : argv[at + 1];
  const found = fieldsNamed(flag, next?.startsWith('--') === true ? undefined : next);
  return found.length === 0 ? undefined : `fields of the recipe are changed with ${found.join(', or ')}`;
}
