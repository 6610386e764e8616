import { existsSync } from 'node:fs';
import { type Recipe, shortName } from '@ma-net/run';

/** runs/<recipe>-<method>-s<seed>, or the first of -2, -3, ... that is free. */
export function freePath({ name, method, seed }: Pick<Recipe, 'name' | 'method' | 'seed'>): string {
  return freeFolder(`runs/${plainName(name, 'recipe')}-${plainName(shortName(method), 'method')}-s${seed}`);
}

/** `first`, or the first of -2, -3, ... that is free. */
export function freeFolder(first: string): string {
  let path = first;
  for (let n = 2; existsSync(path); n++) path = `${first}-${n}`;
  return path;
}

/** A name may be anything; a folder's leads nowhere else, hides nothing, and is not too long. */
export function plainName(name: string, otherwise: string): string {
  const words = name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  return words.slice(0, 60) || otherwise;
}
