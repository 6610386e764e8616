// A run is a directory (Node only): the resolved recipe, where and on what it ran, metrics as JSON lines, and the
// last two checkpoints. Killing a run at any moment leaves all of them whole. Any number of processes may read
// it, one may write it; reading changes nothing.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MaNetError, parseJson } from '@ma-net/core';
import { fileError, isTemporary, makeFolder, removeLeftoversIn, writeFileAtomic } from '@ma-net/core/node';
import type { TrainingEvent } from '@ma-net/trainer';
import { z } from 'zod';
import {
  CHECKPOINT_NAMES,
  type CheckpointFile,
  checkpointsIn,
  setCheckpointAside,
  writeCheckpoint,
} from './checkpoint-files.ts';
import { appendMetrics, type MetricLine, readMetrics, rewindMetrics } from './metrics-file.ts';
import { isLockName, lockRun, type RunLock } from './run-lock.ts';
import { TENSORBOARD } from './tensorboard/events-file.ts';

const RECIPE = 'recipe.json';
const FACTS = 'run.json';
const METRICS = 'metrics.jsonl';

/** What a run says about itself; a person or another version may have added to it. */
export type RunFacts = Readonly<Record<string, unknown>>;

export interface RunDirectory {
  readonly path: string;
  readonly recipe: unknown;
  /** Versions, backend, device, data fingerprint: what a stranger needs to repeat the run. */
  readonly facts: RunFacts;
  /** The checkpoints that are there, the newer one first. */
  checkpoints(): CheckpointFile[];
  metrics(): readonly MetricLine[];
  /** Lines of the metrics that cannot be read. */
  damagedMetrics(): number;
}

/** The run of the one process that may change it. */
export interface RunWriter extends RunDirectory {
  /** Writes the newer checkpoint; the one before it is kept. */
  saveCheckpoint(bytes: Uint8Array): Promise<void>;
  /** Puts the newer checkpoint, which is damaged, under another name. */
  setCheckpointAside(): Promise<void>;
  /** Replaces the facts: a resumed run adds where it went on. */
  saveFacts(facts: RunFacts): Promise<void>;
  /** Appends what is worth keeping of an event to the metrics. */
  log(event: TrainingEvent): void;
  /** Forgets what was logged after mini-batch `step`: a resumed run will log it again. */
  rewindMetrics(step: number): Promise<void>;
  /** Lets others write the run. */
  close(): void;
}

/** Whether a run keeps something of its own under this name of its directory. */
export function isOwnName(name: string): boolean {
  const own: readonly string[] = [RECIPE, FACTS, METRICS, TENSORBOARD, ...CHECKPOINT_NAMES];
  // Where a file system does not tell capitals apart, neither may we.
  return own.includes(name.toLowerCase()) || isLockName(name.toLowerCase());
}

/** Makes the directory of a new run, and writes it. Refuses one that holds a run, or anything else, already. */
export async function createRunDirectory(path: string, recipe: unknown, facts: RunFacts): Promise<RunWriter> {
  await makeFolder(path);
  refuseOtherFiles(path);
  const lock = await lockRun(path);
  try {
    refuseOtherFiles(path);
    await removeLeftoversIn(path, isOwnName);
    // The recipe comes last: with it the directory is a run.
    const recorded = { ...facts, recipe };
    await writeJson(join(path, FACTS), recorded);
    await writeJson(join(path, RECIPE), recipe);
    return writer(reader(path, recipe, recorded), lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Opens the directory of a run to read it. Throws `not-found` or `bad-file`. */
export function openRunDirectory(path: string): RunDirectory {
  const recipePath = join(path, RECIPE);
  if (!exists(recipePath)) {
    throw new MaNetError('not-found', `"${path}" is not a run: there is no ${RECIPE} in it.`, {
      hint: 'pass a directory that "manet train" made.',
    });
  }
  return reader(path, readJson(recipePath), readFacts(join(path, FACTS)));
}

/** Opens the directory of a run to go on with it. Throws what opening it throws, and `locked`. */
export async function continueRunDirectory(path: string): Promise<RunWriter> {
  openRunDirectory(path);
  const lock = await lockRun(path);
  try {
    await removeLeftoversIn(path, isOwnName);
    // Once more: the writer before may have changed it until it let go.
    return writer(openRunDirectory(path), lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function reader(path: string, recipe: unknown, facts: RunFacts): RunDirectory {
  const metrics = join(path, METRICS);
  return {
    path,
    recipe,
    facts,
    checkpoints: () => checkpointsIn(path),
    metrics: () => readMetrics(metrics).lines,
    damagedMetrics: () => readMetrics(metrics).damaged,
  };
}

function writer(run: RunDirectory, lock: RunLock): RunWriter {
  const { path } = run;
  const metrics = join(path, METRICS);
  return {
    ...run,
    async saveCheckpoint(bytes) {
      lock.check();
      await writeCheckpoint(path, bytes);
    },
    async setCheckpointAside() {
      lock.check();
      await setCheckpointAside(path);
    },
    async saveFacts(facts) {
      lock.check();
      await writeJson(join(path, FACTS), facts);
    },
    log(event) {
      lock.check();
      appendMetrics(metrics, event);
    },
    async rewindMetrics(step) {
      lock.check();
      await rewindMetrics(metrics, step);
    },
    close: () => lock.release(),
  };
}

/** What a run that was killed while it was made left does not keep it from being made. */
function refuseOtherFiles(path: string): void {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
  if (names.includes(RECIPE)) {
    throw new MaNetError('bad-argument', `The directory "${path}" holds a run already.`, {
      hint: `continue it with --resume ${path}, or choose another directory with --out.`,
    });
  }
  const other = names.find((name) => !isOwnName(name) && !isTemporary(name));
  if (other === undefined) return;
  throw new MaNetError('bad-argument', `The directory "${path}" holds other files, such as "${other}".`, {
    hint: 'choose an empty directory, or one that does not exist yet, with --out.',
  });
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

const factsSchema = z.looseObject({
  backend: z.string().optional(),
  device: z.string().optional(),
  data: z.record(z.string(), z.looseObject({})).optional(),
  /** What the run knows of its data; runs of earlier versions have to read them. */
  known: z
    .object({
      facts: z.object({
        classNames: z.array(z.string()),
        shapes: z.record(z.string(), z.array(z.int().min(1))),
        input: z.object({ mean: z.array(z.number()), std: z.array(z.number()), white: z.number() }),
      }),
      batchesPerEpoch: z.int().min(1),
      views: z.int().min(1),
    })
    .optional(),
  resumed: z.array(z.looseObject({})).optional(),
});

function readFacts(path: string): RunFacts {
  const value = readJson(path);
  const { error } = factsSchema.safeParse(value);
  if (error === undefined) return value as RunFacts;
  const [issue] = error.issues;
  throw new MaNetError(
    'bad-file',
    `The facts of the run cannot be used: ${issue!.path.join('.') || 'the whole'}: ${issue!.message}.`,
    { where: path, hint: 'restore the file, or start the run again.' },
  );
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw fileError(error, path);
  }
}

function readJson(path: string): unknown {
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw fileError(error, path);
  }
  return parseJson(content, {
    what: 'The file',
    where: path,
    hint: 'restore the file, or start the run again.',
  });
}
