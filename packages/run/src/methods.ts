// What a recipe calls a method, and the method itself.

import { magnitude, plain } from '@ma-net/baselines';
import type { Method } from '@ma-net/core';
import { maNet } from '@ma-net/method-ma-net';
import type { Recipe } from './recipe.ts';

const methods: Readonly<Record<Recipe['method'], (recipe: Recipe) => Method>> = {
  plain: () => plain(),
  magnitude: (recipe) => magnitude(optionsOf(recipe)),
  'ma-net': (recipe) => maNet(optionsOf(recipe)),
};

/** The method that a recipe names, with its options. */
export function methodOf(recipe: Recipe): Method {
  return methods[recipe.method](recipe);
}

/** Options that are left out, and not there without a value. */
function optionsOf({ tnet, modulation }: Recipe) {
  const { plainRounds, astrocyteIterations, ...options } = modulation;
  return {
    ...options,
    select: { stem: tnet.modulateStem, outputs: tnet.modulateClassifier },
    ...(plainRounds === undefined ? {} : { plainRounds }),
    ...(astrocyteIterations === undefined ? {} : { astrocyteIterations }),
  };
}
