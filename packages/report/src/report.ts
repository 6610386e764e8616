// Runs as they are read for a report: paths of runs, and of folders of them, to records.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { type InspectOptions, inspectRun } from './inspect-run.ts';
import { grouped, readRun } from './read-run.ts';
import type { RunRecord } from './record.ts';

/**
 * Reads runs, and all runs of folders that are none, such as those of a comparison. Where `inspect` is given their
 * checkpoints are opened, too; a run whose parts or checkpoint are missing is shown without what they would tell, and says
 * so. Throws `not-found` where there is no run, and what reading one throws.
 */
export async function readRuns(paths: readonly string[], inspect?: InspectOptions): Promise<RunRecord[]> {
  const runs = grouped([...new Set(paths.flatMap(runsAt))].map(readRun));
  if (inspect === undefined) return runs;
  const records: RunRecord[] = [];
  for (const run of runs) {
    try {
      records.push({ ...run, inside: await inspectRun(run.path, inspect) });
    } catch (error) {
      if (!(error instanceof MaNetError)) throw error;
      const [why] = error.message.split('\n');
      records.push({ ...run, notes: [...run.notes, `its checkpoint is not shown: ${why}`] });
    }
  }
  return records;
}

/** A run, or the runs in a folder, in the order of their names. */
function runsAt(path: string): string[] {
  const isRun = (folder: string): boolean => existsSync(join(folder, 'recipe.json'));
  if (isRun(path) || !existsSync(path)) return [path];
  const found = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isRun(join(path, entry.name)))
    .map(({ name }) => join(path, name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return found.length === 0 ? [path] : found;
}
