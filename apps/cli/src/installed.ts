// The parts that may be chosen here: ours, and those of the packages that the project depends on in whose folder manet is
// called, or in whose folder a recipe lies.

import type { Installed } from '@ma-net/core';
import { ourParts } from '@ma-net/recipes';
import { installedIn, together } from '@ma-net/run/node';

/** `folder`: where a recipe lies. Nothing is loaded before it is asked for. */
export function installed(folder = process.cwd()): Installed {
  return together(ourParts, ofManet(), installedIn(folder), installedIn(process.cwd()));
}

/** Backends and formats that manet itself depends on. */
function ofManet(): Installed {
  return installedIn(import.meta.dirname, (specifier) => import(specifier));
}
