import type { RunningBackend } from '@ma-net/core';
import { disposeState, encodeCheckpoint, fit } from '@ma-net/trainer';
import { factsOf } from '../src/facts.ts';
import { openRun, runOf } from '../src/open.ts';
import type { Recipe } from '../src/recipe.ts';
import { createRunDirectory } from '../src/run-directory.ts';
import { installed } from './recipe.ts';

/** Trains `recipe` to its end, as a run at `path` that is saved and logged as it goes. */
export async function trainedAt(path: string, recipe: Recipe, backend: RunningBackend): Promise<void> {
  const open = await openRun(recipe, installed);
  const directory = await createRunDirectory(path, recipe, factsOf(open, backend));
  const state = open.start();
  await fit({
    ...runOf(open),
    state,
    save: async (s) => directory.saveCheckpoint(await encodeCheckpoint(s, open.source, open.network)),
    listen: (event) => directory.log(event),
  });
  disposeState(state);
  directory.close();
}
