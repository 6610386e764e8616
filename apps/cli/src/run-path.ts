import { existsSync } from 'node:fs';
import type { Recipe } from '@ma-net/run';

/** runs/<recipe>-<method>-s<seed>, or the first of -2, -3, ... that is free. */
export function freePath({ name, method, seed }: Pick<Recipe, 'name' | 'method' | 'seed'>): string {
  const first = `runs/${name}-${method}-s${seed}`;
  let path = first;
  for (let n = 2; existsSync(path); n++) path = `${first}-${n}`;
  return path;
}
