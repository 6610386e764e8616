// A run is a directory (Node only): the resolved recipe, where and on what it ran, metrics as JSON lines,
// and the last checkpoint. Killing a run at any moment leaves all of them whole.

import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MaNetError } from '@ma-net/core';
import { writeFileAtomic } from '@ma-net/core/node';
import type { TrainingEvent } from '@ma-net/trainer';

const FILES = {
  recipe: 'recipe.json',
  facts: 'run.json',
  metrics: 'metrics.jsonl',
  checkpoint: 'checkpoint.safetensors',
} as const;

export interface RunDirectory {
  readonly path: string;
  readonly recipe: unknown;
  /** Versions, backend, device, data fingerprint: what a stranger needs to repeat the run. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Bytes of the last checkpoint, if one was written. */
  checkpoint(): Uint8Array | undefined;
  readonly checkpointPath: string;
  saveCheckpoint(bytes: Uint8Array): Promise<void>;
  /** Replaces the facts: a resumed run adds where it went on. */
  saveFacts(facts: Readonly<Record<string, unknown>>): Promise<void>;
  /** Appends what is worth keeping of an event to the metrics. */
  log(event: TrainingEvent): void;
  metrics(): MetricLine[];
  /** Forgets what was logged after mini-batch `step`: a resumed run will log it again. */
  rewindMetrics(step: number): Promise<void>;
}

/** One line of metrics.jsonl. */
export interface MetricLine {
  readonly type: TrainingEvent['type'];
  readonly step: number;
  readonly [field: string]: unknown;
}

/** Makes the directory of a new run; refuses one that holds a run already. */
export async function createRunDirectory(
  path: string,
  recipe: unknown,
  facts: Readonly<Record<string, unknown>>,
): Promise<RunDirectory> {
  if (existsSync(join(path, FILES.recipe))) {
    throw new MaNetError('bad-argument', `The directory "${path}" holds a run already.`, {
      hint: `continue it with --resume ${path}, or choose another directory with --out.`,
    });
  }
  mkdirSync(path, { recursive: true });
  await writeJson(join(path, FILES.facts), facts);
  await writeJson(join(path, FILES.recipe), recipe);
  return directory(path, recipe, facts);
}

/** Opens the directory of a run. Throws `not-found` or `bad-file`. */
export function openRunDirectory(path: string): RunDirectory {
  if (!existsSync(join(path, FILES.recipe))) {
    throw new MaNetError('not-found', `"${path}" is not a run: there is no ${FILES.recipe} in it.`, {
      hint: 'pass a directory that "manet train" made.',
    });
  }
  return directory(
    path,
    readJson(join(path, FILES.recipe)),
    readJson(join(path, FILES.facts)) as Record<string, unknown>,
  );
}

function directory(path: string, recipe: unknown, facts: Readonly<Record<string, unknown>>): RunDirectory {
  const checkpointPath = join(path, FILES.checkpoint);
  const metricsPath = join(path, FILES.metrics);
  const metrics = (): MetricLine[] =>
    existsSync(metricsPath) ? parseLines(readFileSync(metricsPath, 'utf8')) : [];
  return {
    path,
    recipe,
    facts,
    checkpointPath,
    checkpoint: () => (existsSync(checkpointPath) ? readFileSync(checkpointPath) : undefined),
    saveCheckpoint: (bytes) => writeFileAtomic(checkpointPath, bytes),
    saveFacts: (next) => writeJson(join(path, FILES.facts), next),
    log(event) {
      if (event.type === 'start' || event.type === 'checkpoint') return;
      try {
        appendFileSync(metricsPath, `${JSON.stringify(event)}\n`);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
        throw new MaNetError('disk-full', 'The disk is full: a line of metrics could not be written.', {
          where: metricsPath,
          hint: `free some space, then continue with --resume ${path}; the last checkpoint is whole.`,
          cause,
        });
      }
    },
    metrics,
    async rewindMetrics(step) {
      const kept = metrics().filter(
        (line) => line.type !== 'end' && line.step <= step - (BEFORE_STEP.has(line.type) ? 1 : 0),
      );
      await writeFileAtomic(metricsPath, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
    },
  };
}

/** A run that was killed while it wrote leaves half a last line, which is dropped. */
function parseLines(text: string): MetricLine[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as MetricLine);
}

/** Logged before their mini-batch is taken, the others after it. */
const BEFORE_STEP: ReadonlySet<TrainingEvent['type']> = new Set(['round', 'masks']);

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new MaNetError(
      'bad-file',
      `The file cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        where: path,
        hint: 'restore the file, or start the run again.',
        cause,
      },
    );
  }
}
