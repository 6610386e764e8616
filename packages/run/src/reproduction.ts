// A published table that anybody can make again: a sweep, and the numbers that it gave.

import { checked } from '@ma-net/core';
import type { Summary } from '@ma-net/metrics';
import { z } from 'zod';

/** What a setting gave. */
const expected = z.strictObject({
  /** The measure that runs are compared by, of the test images: its mean over the seeds. */
  test: z.number(),
  /** How far from that a mean may lie: other machines round otherwise, and rounding grows. */
  within: z.number().positive(),
  /** Parameters of the file that is written; 1 % more or fewer may be left. */
  parameters: z.number().positive().exactOptional(),
});

const reproductionSchema = z.strictObject({
  name: z.string().min(1),
  /** Which table, in a line. */
  about: z.string(),
  /** A name of a recipe, or a file of one. */
  recipe: z.string(),
  /** Fields of the recipe that are others, as path=value. */
  changes: z.array(z.string()),
  seeds: z.array(z.int().min(0)).min(1),
  /** Fields, and the values that each takes; every combination is a row of the table. */
  axes: z.array(z.strictObject({ path: z.string(), values: z.array(z.string()).min(1) })),
  /** By the names that a sweep gives the settings. */
  expected: z.record(z.string(), expected),
});

export type Reproduction = Readonly<z.output<typeof reproductionSchema>>;

/** Checks a table that a file describes. Throws `bad-recipe`. */
export function parseReproduction(value: unknown, where: string): Reproduction {
  return checked(reproductionSchema, value, { what: 'The table', where });
}

const PARAMETERS_WITHIN = 0.01;

/** A row of the table: what was published, and what there is now. */
export interface ReproducedRow {
  readonly setting: string;
  readonly expected: Reproduction['expected'][string];
  /** Absent where no run of the setting has a result. */
  readonly found?: { readonly test: Summary; readonly parameters: Summary };
  /** Whether all that was published was found again, over all seeds. */
  readonly holds: boolean;
}

/** The table as it is now, beside what was published. */
export function reproducedRows(
  { expected: rows, seeds }: Pick<Reproduction, 'expected' | 'seeds'>,
  found: readonly { readonly setting: string; readonly test: Summary; readonly parameters: Summary }[],
): readonly ReproducedRow[] {
  return Object.entries(rows).map(([setting, wanted]) => {
    const own = found.find((one) => one.setting === setting);
    if (own === undefined) return { setting, expected: wanted, holds: false };
    const { test, parameters } = own;
    const size = wanted.parameters ?? parameters.mean;
    const holds =
      test.runs === seeds.length &&
      Math.abs(test.mean - wanted.test) <= wanted.within &&
      Math.abs(parameters.mean - size) <= PARAMETERS_WITHIN * size;
    return { setting, expected: wanted, found: { test, parameters }, holds };
  });
}
