// Trains the same small MA-Net again and again, or searches the same networks, kills it, lets it go on, and looks at what is left
// each time.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Rng } from '@ma-net/core';
import { inspect, inspectEnd, isRun } from './inspect.ts';

export interface KillOptions {
  /** What is killed: a training unless given. */
  readonly command?: keyof typeof COMMANDS;
  readonly kills: number;
  readonly seed: number;
  /** Part of the trainings that are read meanwhile, from 0 to 1; 0.3 unless given. */
  readonly reading?: number;
  /** Of the repository, built. */
  readonly root: string;
  readonly tell?: (words: string) => void;
}

export interface Killed {
  readonly kills: number;
  /** Kills inside a write. */
  readonly inside: number;
  /** Runs that were trained to their end. */
  readonly runs: number;
  /** `eval`, `export` and `prune --dry-run` while they were trained. */
  readonly readers: number;
}

const set = (...changes: readonly string[]): string[] => changes.flatMap((change) => ['--set', change]);

const COMMANDS = {
  /** 8 plain mini-batches an epoch, then astrocytes and masks; a checkpoint every other mini-batch. */
  train: {
    args: [
      ...['--recipe', 'digits', '--backend', 'cpu'],
      ...set('network.name=resnet-test', 'data.trainLimit=128', 'data.validation=0', 'data.testLimit=60'),
      ...set('batchSize=16', 'epochs=6', 'saveEvery=2'),
      ...set('method.mnet.hidden=8', 'method.mnet.heads=2', 'method.mnet.cells=2'),
    ],
    firstEpoch: ' 1/6',
    readers: ['eval', 'prune', 'export'],
  },
  /** Two sub-supernets and two generations; a checkpoint every other mini-batch. */
  search: {
    args: [
      ...['--recipe', 'digits-nas-lid-search', '--backend', 'cpu'],
      ...set('network.channels=2', 'data.trainLimit=64', 'data.validation=0', 'data.testLimit=20'),
      ...set('batchSize=8', 'epochs=2', 'saveEvery=2', 'method.levels=1', 'method.warmup=2'),
      ...set('method.compare=1', 'method.tune=2', 'method.measure=2'),
      ...set('method.population=3', 'method.generations=2'),
    ],
    firstEpoch: ' 1/2',
    readers: ['eval'],
  },
} as const;

const OPTIONS: Readonly<Record<string, (run: string) => readonly string[]>> = {
  eval: () => [],
  prune: () => ['--dry-run'],
  export: (run) => ['--out', `${run}.safetensors`],
};

/** Throws an `Error` at the first thing that is lost, changed or left over, with the seed and the kill. */
export async function killRuns({
  command = 'train',
  kills,
  seed,
  reading = 0.3,
  root,
  tell = () => undefined,
}: KillOptions): Promise<Killed> {
  const folder = mkdtempSync(join(tmpdir(), 'ma-net-kill-'));
  const done = { kills: 0, inside: 0, runs: 0, readers: 0 };
  const { args: recipe } = COMMANDS[command];
  const manet = (args: readonly string[], die?: string): Started => start(root, folder, args, die);
  const whole = join(folder, 'whole');
  const first = await manet([command, ...recipe, '--out', 'whole']).finished;
  if (first.code !== 0) throw new Error(`The undisturbed run failed: ${first.stderr}`);

  while (done.kills < kills) {
    const run = `run-${done.runs}`;
    const path = join(folder, run);
    for (let saved = 0; ; ) {
      const rng = Rng.fromSeed(seed).split(done.runs).split(done.kills);
      const again = isRun(path) ? [command, '--resume', run] : [command, ...recipe, '--out', run];
      // Once enough were killed the last run is let go.
      const how = done.kills < kills ? wayToDie(rng) : {};
      const trained = manet(again, how.inside);
      const reader = rng.uniform() < reading ? read(manet, { command, rng, run, saved }, trained) : undefined;
      reader?.catch(() => undefined); // Awaited below, when the training has ended.
      if (how.after !== undefined) {
        if (how.begun === true) await trained.printed('images/s');
        await setTimeout(how.after);
        trained.child.kill('SIGKILL');
      }
      const { signal, code, stderr } = await trained.finished;
      try {
        if (await reader) done.readers++;
        if (signal !== 'SIGKILL') {
          if (code !== 0) throw new Error(`it ended with ${code}: ${stderr}`);
          inspectEnd(path, whole);
          break;
        }
        done.kills++;
        if (how.inside !== undefined) done.inside++;
        if (isRun(path)) saved = inspect(path, whole, saved);
      } catch (error) {
        const what = `kill ${done.kills} of seed ${seed}, run ${run} in ${folder} (${JSON.stringify(how)})`;
        throw new Error(`After ${what}: ${(error as Error).message}`, { cause: error });
      }
    }
    done.runs++;
    tell(`${done.kills} kills (${done.inside} inside a write), ${done.runs} runs, ${done.readers} readers`);
  }
  rmSync(folder, { recursive: true });
  return done;
}

interface Way {
  /** What `die.mjs` is told. */
  readonly inside?: string;
  /** Milliseconds after the start, or after training has begun. */
  readonly after?: number;
  readonly begun?: boolean;
}

function wayToDie(rng: Rng): Way {
  const kind = rng.uniform();
  if (kind < 0.6) {
    const phase = ['before', 'half', 'after'][rng.integer(3)]!;
    return { inside: `${1 + rng.integer(70)} ${phase}` };
  }
  if (kind < 0.8) return { after: 1500 * rng.uniform() };
  return { after: 400 * rng.uniform(), begun: true };
}

interface Reading {
  readonly command: keyof typeof COMMANDS;
  readonly rng: Rng;
  readonly run: string;
  /** Mini-batches in its newest checkpoint. */
  readonly saved: number;
}

/**
 * A reader must find a whole run at any moment, and may find nothing to prune in it. False if the training was
 * killed before there was anything to read.
 */
async function read(
  manet: (args: readonly string[]) => Started,
  { command, rng, run, saved }: Reading,
  trained: Started,
): Promise<boolean> {
  const { firstEpoch, readers } = COMMANDS[command];
  if (saved === 0) {
    await trained.printed(firstEpoch);
    if (!trained.said(firstEpoch)) return false;
  }
  const reader = readers[rng.integer(readers.length)]!;
  const args = [reader, run, ...OPTIONS[reader]!(run)];
  const { code, stderr } = await manet([...args, '--backend', 'cpu']).finished;
  const nothingDead = args[0] === 'prune' && stderr.includes('[prune-refused]');
  if (!nothingDead && (code !== 0 || stderr !== ''))
    throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return true;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Ended>;
  /** Resolves once `text` was printed, or the process has ended. */
  printed(text: string): Promise<void>;
  said(text: string): boolean;
}

function start(root: string, cwd: string, args: readonly string[], die?: string): Started {
  const preload = pathToFileURL(join(root, 'tools/kill/src/die.mjs')).href;
  const child = spawn(process.execPath, [join(root, 'apps/cli/bin/manet.js'), ...args], {
    cwd,
    env: {
      ...process.env,
      NO_COLOR: '1',
      ...(die === undefined ? {} : { NODE_OPTIONS: `--import=${preload}`, MA_NET_DIE: die }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  const seen = new Set<() => void>();
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    for (const look of seen) look();
  });
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const finished = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  const printed = (text: string): Promise<void> =>
    new Promise((resolve) => {
      seen.add(() => {
        if (stdout.includes(text)) resolve();
      });
      void finished.then(() => resolve());
    });
  return { child, finished, printed, said: (text) => stdout.includes(text) };
}
