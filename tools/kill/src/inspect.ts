// What has to be true of a run at any moment, whoever was killed in it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors } from '@ma-net/core';

const CHECKPOINTS = ['checkpoint.safetensors', 'checkpoint.previous.safetensors'] as const;

/** Whether the directory is a run yet; until then it is made again. */
export function isRun(path: string): boolean {
  return existsSync(join(path, 'recipe.json'));
}

/**
 * Looks at a run that a process was killed in. Returns the mini-batches in its newest checkpoint, 0 without one.
 * Throws an `Error` that says what is wrong; `whole` is a run of the same recipe that nobody disturbed, `saved` what
 * was returned before.
 */
export function inspect(path: string, whole: string, saved: number): number {
  for (const name of ['recipe.json', 'run.json']) JSON.parse(readFileSync(join(path, name), 'utf8'));
  const steps = CHECKPOINTS.filter((name) => existsSync(join(path, name))).map((name) =>
    stepOf(join(path, name)),
  );
  const newest = Math.max(0, ...steps);
  if (newest < saved) throw new Error(`mini-batch ${saved} was saved, ${newest} is left`);

  const expected = metricsOf(whole);
  const lines = metricsOf(path);
  for (const [i, line] of lines.entries()) {
    if (line !== expected[i]) throw new Error(`line ${i + 1} of the metrics is ${line}, not ${expected[i]}`);
  }
  const logged = lines.filter((line) => line.startsWith('{"type":"step"')).length;
  if (logged < newest) throw new Error(`${newest} mini-batches are saved, but ${logged} in the metrics`);
  return newest;
}

/** Throws unless a run that ended is the undisturbed one, with nothing of those who were killed left. */
export function inspectEnd(path: string, whole: string): void {
  const [found, expected] = [path, whole].map((run) => readFileSync(join(run, CHECKPOINTS[0])));
  if (!found!.equals(expected!)) throw new Error('the last checkpoint is another than without kills');
  if (metricsOf(path).join('\n') !== metricsOf(whole).join('\n')) throw new Error('the metrics are others');
  if (foundIn(path) !== foundIn(whole)) throw new Error('another network was found');
  const left = readdirSync(path).filter((name) => !readdirSync(whole).includes(name));
  if (left.length > 0) throw new Error(`left in the run: ${left.join(', ')}`);
}

/** Mini-batches done; the file must be whole, by its digests too. */
function stepOf(path: string): number {
  const { metadata } = decodeSafetensors(readFileSync(path), path);
  return (JSON.parse(metadata['counters']!) as { readonly step: number }).step;
}

/** What a search found; undefined for other runs. */
function foundIn(path: string): string | undefined {
  const file = join(path, 'found.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Whole lines, but for how long a mini-batch took. */
function metricsOf(path: string): string[] {
  const file = join(path, 'metrics.jsonl');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.stringify({ ...(JSON.parse(line) as object), seconds: undefined }));
}
