import { readFileSync } from 'node:fs';
import { parseJson } from '@ma-net/core';
import { fileError } from '@ma-net/core/node';
import { findReproduction, reproductions } from '@ma-net/recipes';
import { parseReproduction, reproducedRows, type Reproduction } from '@ma-net/run';
import { settingSummaries, type SweptResult } from '@ma-net/run/node';
import { count, percent, spread } from '../quantities.ts';
import { resolveRecipe } from '../recipe-argument.ts';
import { EXIT } from '../report-error.ts';
import { plainName } from '../run-path.ts';
import { createScreen, type Screen, wrapped } from '../screen.ts';
import { table } from '../table.ts';
import { type SweepingArguments, sweepInto } from './sweep.ts';

export interface ReproduceArguments extends SweepingArguments {
  readonly list?: boolean;
  readonly print?: boolean;
  readonly data?: string;
}

/** `manet reproduce`: a table as a sweep, and whether its numbers are found again. */
export async function reproduce(name: string | undefined, args: ReproduceArguments): Promise<number> {
  const screen = createScreen();
  if (args.list === true || name === undefined) {
    list(screen);
    return 0;
  }
  const wanted = name.endsWith('.json') ? readReproduction(name) : findReproduction(name);
  if (args.print === true) {
    screen.line(JSON.stringify(wanted, null, 2));
    return 0;
  }
  const { recipe, installed } = await resolveRecipe({
    recipe: wanted.recipe,
    set: wanted.changes,
    ...(args.data === undefined ? {} : { data: args.data }),
  });
  const out = args.out ?? `runs/reproduce-${plainName(wanted.name, 'table')}`;
  let holds = true;
  const code = await sweepInto({ recipe, seeds: wanted.seeds, axes: wanted.axes }, installed, {
    ...args,
    out,
    tell: (results) => (holds = tell(wanted, results, screen)),
  });
  return code === 0 && !holds ? EXIT.failed : code;
}

function list(screen: Screen): void {
  const width = Math.max(...Object.keys(reproductions).map(({ length }) => length));
  for (const [name, { about }] of Object.entries(reproductions))
    screen.line(wrapped(`${name.padEnd(width)}  ${about}`, screen.width));
}

/** Throws `not-found`, and what speaks against its content. */
function readReproduction(path: string): Reproduction {
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
  const hint = 'mend it there, or start from what --print prints.';
  return parseReproduction(
    parseJson(content, { what: 'The table', where: path, code: 'bad-recipe', hint }),
    path,
  );
}

/** The table, and whether all of it was found again. */
function tell(wanted: Reproduction, results: readonly SweptResult[], screen: Screen): boolean {
  const rows = reproducedRows(wanted, settingSummaries(results));
  const headline = results[0]?.result.headline ?? '';
  const head = ['', 'runs', `test ${headline}`, 'published', 'parameters', 'published', ''];
  const cells = rows.map(({ setting, expected, found, holds }) => [
    setting === '' ? wanted.recipe : setting,
    String(found?.test.runs ?? 0),
    spread(found?.test),
    `${percent(expected.test).replace(' %', '')} +- ${percent(expected.within).replace(' %', '')}`,
    found === undefined ? '' : count(found.parameters.mean),
    expected.parameters === undefined ? '' : count(expected.parameters),
    holds ? 'found again' : 'not found',
  ]);
  screen.line(wrapped(`${wanted.name}: ${wanted.about}`, screen.width));
  for (const line of table(head, cells, screen.width)) screen.line(line);
  return rows.every(({ holds }) => holds);
}
