// metrics.jsonl: one JSON object a line, appended while a run trains. A line that cannot be read is nobody's to
// delete: it is passed over, counted, and stays where it is.

import { appendFileSync, readFileSync } from 'node:fs';
import { fileError, writeFileAtomic } from '@ma-net/core/node';
import type { TrainingEvent } from '@ma-net/trainer';
import { z } from 'zod';

/** One line of metrics.jsonl. */
export interface MetricLine {
  readonly type: TrainingEvent['type'];
  readonly step: number;
  readonly [field: string]: unknown;
}

const lineSchema = z.looseObject({
  // Other versions may log what this one does not know.
  type: z.string().min(1).max(64),
  step: z.int().min(0),
});

export interface Metrics {
  readonly lines: readonly MetricLine[];
  /** How many lines cannot be read. */
  readonly damaged: number;
}

/** Reads the lines of a run; none if there is no such file. */
export function readMetrics(path: string): Metrics {
  const all = rawLines(path).map(({ line }) => line);
  const lines = all.filter((line) => line !== undefined);
  return { lines, damaged: all.length - lines.length };
}

/** Adds what is worth keeping of an event. */
export function appendMetrics(path: string, event: TrainingEvent): void {
  if (event.type === 'start' || event.type === 'checkpoint') return;
  try {
    appendFileSync(path, `${JSON.stringify(event)}\n`);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Removes what was logged after mini-batch `step`, and half a last line; damaged lines stay. */
export async function rewindMetrics(path: string, step: number): Promise<void> {
  const kept = rawLines(path).filter(
    ({ line }) => line === undefined || (line.type !== 'end' && line.step <= step),
  );
  const bytes = Buffer.from(kept.map(({ raw }) => `${raw}\n`).join(''), 'latin1');
  if (!bytes.equals(readBytes(path))) await writeFileAtomic(path, bytes);
}

interface RawLine {
  /** Its bytes, one a character. */
  readonly raw: string;
  readonly line: MetricLine | undefined;
}

/** A run that was killed while it wrote leaves half a last line, which is dropped. */
function rawLines(path: string): RawLine[] {
  const text = readBytes(path).toString('latin1');
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((raw) => raw !== '')
    .map((raw) => ({ raw, line: parseLine(Buffer.from(raw, 'latin1').toString('utf8')) }));
  return countedFromOne(lines);
}

/** Older versions counted what comes before a mini-batch by those done, one less than everything else. */
function countedFromOne(lines: RawLine[]): RawLine[] {
  const first = lines.find(({ line }) => line?.type === 'round')?.line;
  const { start } = (first?.['round'] ?? {}) as { readonly start?: unknown };
  if (first === undefined || first.step !== start) return lines;
  return lines.map((raw) => {
    if (raw.line?.type !== 'round' && raw.line?.type !== 'masks') return raw;
    const line = { ...raw.line, step: raw.line.step + 1 };
    return { raw: Buffer.from(JSON.stringify(line), 'utf8').toString('latin1'), line };
  });
}

function parseLine(text: string): MetricLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return lineSchema.safeParse(value).success ? (value as MetricLine) : undefined;
  } catch {
    return undefined;
  }
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw fileError(error, path);
  }
}
