// Runs the built command as a person would, in a folder of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/manet.js', import.meta.url));

export interface Finished {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves once `text` has been printed on stdout, or when the command has ended without it. */
  printed(text: string): Promise<void>;
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'ma-net-cli-'));
}

/** Starts `manet` with `args`; `nodeOptions` go to Node. */
export function startManet(args: readonly string[], cwd: string, nodeOptions = ''): Running {
  const { npm_execpath: _, ...environment } = process.env;
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...environment, NODE_OPTIONS: nodeOptions, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const waiting: { text: string; resolve: () => void }[] = [];
  const notify = (ended: boolean): void => {
    for (const { text, resolve } of waiting) if (ended || output.stdout.includes(text)) resolve();
  };
  child.stdout.on('data', (chunk) => {
    output.stdout += String(chunk);
    notify(false);
  });
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      notify(true);
      resolve({ code, ...output });
    });
  });
  return {
    process: child,
    finished,
    printed: (text) =>
      new Promise((resolve) => {
        waiting.push({ text, resolve });
        notify(child.exitCode !== null || child.signalCode !== null);
      }),
  };
}

/** Runs `manet` to its end. */
export function manet(args: readonly string[], cwd: string, nodeOptions?: string): Promise<Finished> {
  return startManet(args, cwd, nodeOptions).finished;
}

const set = (...changes: readonly string[]): string[] => changes.flatMap((change) => ['--set', change]);

const SMALL = [
  ...['--recipe', 'digits', '--backend', 'cpu'],
  ...set(
    'network.name=resnet-test',
    'data.trainLimit=128',
    'data.validation=0',
    'data.testLimit=60',
    'batchSize=16',
    'epochs=6',
  ),
] as const;

/** A whole MA-Net in a second or two: 8 plain mini-batches an epoch, then astrocytes and masks. */
export const TINY = [
  ...SMALL,
  ...set('method.mnet.hidden=8', 'method.mnet.heads=2', 'method.mnet.cells=2'),
] as const;

/** Its baseline. */
export const TINY_PLAIN = [...SMALL, '--method', 'plain'] as const;
