// `manet search`: a run of a method that searches, and what it found as a recipe to train.

import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { writeFileAtomic } from '@ma-net/core/node';
import { countMacs, countParameters } from '@ma-net/metrics';
import { parseRecipe, type Recipe } from '@ma-net/run';
import { openClosedRun, openSavedRun, requireCheckpoint, type SavedRun } from '@ma-net/run/node';
import { assertTrains, foundRecipe, genotypeText, searchedSpace } from '@ma-net/search';
import { disposeState } from '@ma-net/trainer';
import { manet } from '../command-name.ts';
import { genotypeFound } from '../found.ts';
import { installed } from '../installed.ts';
import { count } from '../quantities.ts';
import { resolveRecipe } from '../recipe-argument.ts';
import { freePath } from '../run-path.ts';
import { createScreen, wrapped } from '../screen.ts';
import { train, type TrainArguments } from './train.ts';

export interface SearchArguments extends TrainArguments {
  /** A recipe whose network is replaced by what is found. */
  readonly as?: string;
  /** At most what the network that is found may have, trained as `as` says or as the search. */
  readonly maxParams?: number;
  readonly maxMacs?: number;
}

/** Where the recipe of what was found stands. */
const FOUND = 'found.json';

/** `manet search`: a new search, or the rest of one. */
export async function search(given: SearchArguments): Promise<number> {
  const { as, maxParams, maxMacs, ...asked } = given;
  const into = as === undefined ? undefined : await resolveRecipe({ recipe: as, set: [], ...dataOf(asked) });
  const limits = limitsOf({ params: maxParams, macs: maxMacs }, into?.recipe);
  const args = { ...asked, set: [...asked.set, ...limits] };
  const path = args.resume ?? (await searchedPath(args, into?.recipe));
  const code = await train(args.resume === undefined ? { ...args, out: path } : args);
  if (code !== 0) return code;

  const screen = createScreen();
  const saved = await openSavedRun(path, installed(), args.data);
  const genotype = await genotypeOf(saved, path);
  const recipe = foundRecipe(into?.recipe ?? saved.run.recipe, genotype);
  const file = join(path, FOUND);
  const parts = into?.installed ?? installed();
  const complete = await parseRecipe(JSON.parse(JSON.stringify(recipe)), file, parts);
  await writeFileAtomic(file, `${JSON.stringify(complete, null, 2)}\n`);
  const known = { facts: saved.run.facts, batchesPerEpoch: 1, views: 1 };
  const { network } = await openClosedRun(complete, parts, known, { fresh: false });
  screen.line();
  screen.line(wrapped(genotypeText(genotype), screen.width));
  screen.line(
    `  ${count(countParameters(network).total)} parameters, ${count(countMacs(network))} multiply-accumulates`,
  );
  screen.line(`  next: ${manet()} train --recipe ${file}`);
  return 0;
}

const dataOf = ({ data }: TrainArguments): { data?: string } => (data === undefined ? {} : { data });

/** Limits as changes of the search; what is counted is the network that `into` trains, where that is given. */
function limitsOf(limits: Readonly<Record<string, number | undefined>>, into: Recipe | undefined): string[] {
  const there = Object.entries(limits).filter(([, most]) => most !== undefined);
  const { channels, layers, cells = layers }: Readonly<Record<string, unknown>> = into?.network ?? {};
  const sizes = Object.entries({ channels, layers: cells }).filter(([, size]) => size !== undefined);
  return there.length === 0
    ? []
    : [...there, ...sizes].map(([name, value]) => `network.budget.${name}=${String(value)}`);
}

/**
 * The folder of a new search. Throws `bad-recipe` for a recipe whose method searches nothing, and `network-mismatch` where
 * `into` could not train what is found.
 */
async function searchedPath(args: TrainArguments, into: Recipe | undefined): Promise<string> {
  const { recipe } = await resolveRecipe(args);
  const space = searchedSpace(recipe);
  if (into !== undefined) assertTrains(into, space);
  return args.out ?? freePath(recipe);
}

async function genotypeOf({ run, ...saved }: SavedRun, path: string) {
  const { state } = requireCheckpoint(saved);
  try {
    const genotype = await genotypeFound(run, state);
    if (genotype !== undefined) return genotype;
  } finally {
    disposeState(state);
  }
  throw new MaNetError('bad-recipe', `The method "${run.method.name}" searches nothing.`, {
    where: path,
    hint: 'choose one that does, such as darts, darts-pt, shapley-nas, nas-lid or hotnas.',
  });
}
