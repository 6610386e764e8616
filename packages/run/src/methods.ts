// What a recipe calls a method, and the method itself.

import { magnitude, plain } from '@ma-net/baselines';
import type { Method } from '@ma-net/core';
import { maNet } from '@ma-net/method-ma-net';
import type { Recipe } from './recipe.ts';

const methods: Readonly<Record<Recipe['method'], (recipe: Recipe) => Method>> = {
  plain: () => plain(),
  magnitude: ({ modulation }) => magnitude(optionsOf(modulation)),
  'ma-net': ({ modulation }) => maNet(optionsOf(modulation)),
};

/** The method that a recipe names, with its options. */
export function methodOf(recipe: Recipe): Method {
  return methods[recipe.method](recipe);
}

/** Options that are left out, and not there without a value. */
function optionsOf({ plainRounds, astrocyteIterations, ...options }: Recipe['modulation']) {
  return {
    ...options,
    ...(plainRounds === undefined ? {} : { plainRounds }),
    ...(astrocyteIterations === undefined ? {} : { astrocyteIterations }),
  };
}
