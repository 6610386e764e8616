// What a backend is to the rest of the framework: one exported object that can be probed without side
// effects, started, waited for, and compared with. The tfjs kernels behind it are its own business.

import * as tf from '@tensorflow/tfjs-core';
import { MaNetError, suggestion } from './errors.ts';
import type { Params } from './params.ts';

/** Whether a backend can run here: on what device, or why not. */
export type Probe =
  /**
   * `software`: a processor that pretends to be the device. It works when named; `auto` passes it over.
   * `hint`: what would make it faster.
   */
  | { readonly ok: true; readonly device: string; readonly software?: boolean; readonly hint?: string }
  | { readonly ok: false; readonly reason: string; readonly hint?: string };

/** Largest allowed difference to the reference: |a - b| <= atol + rtol * |b|. Observed, not guessed. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

export interface BackendAdapter {
  /** Name of the package's backend; tfjs knows it under the same name. */
  readonly name: string;
  /** `auto` prefers the highest priority whose probe succeeds. */
  readonly priority: number;
  readonly tolerance: Tolerance;
  /** Has no side effects: registers, loads and prints nothing that stays. */
  probe(): Promise<Probe>;
  /** Most threads of the processor that it can be told to compute with; absent where that is no choice. */
  readonly threads?: number;
  /** Registers the backend and makes it tfjs's current one. */
  start(options?: StartOptions): Promise<RunningBackend>;
}

export interface StartOptions {
  /** Threads to compute with; as many as the process may use unless given. Sums, and so last digits, follow it. */
  readonly threads?: number | undefined;
}

export interface RunningBackend {
  readonly name: string;
  readonly device: string;
  /** Resolves when everything asked for so far has been computed: the end of a training step. */
  sync(): Promise<void>;
  /**
   * What the last digits of results follow besides the program: threads, instruction set, version of the library.
   * A run records it; where it is equal, results are equal.
   */
  facts(): Readonly<Record<string, string | number>>;
  /** Counts of the backend's own since it was started (compiles, cache hits, fallbacks); empty where there are none. */
  counters(): Readonly<Record<string, number>>;
  /**
   * A pure function of tensors, made ready to be called many times with inputs of the shapes and dtypes of `inputs`, which
   * are borrowed: what it closes over is built in. Undefined where this function cannot be; absent where none can.
   */
  prepare?(f: (inputs: Params) => Params, inputs: Params): Prepared | undefined;
}

/** A function that was made ready. */
export interface Prepared {
  /** Borrows the inputs; the caller owns the outputs. No gradient passes. */
  run(inputs: Params): Params;
  /** Frees what it holds. */
  release(): void;
}

let running: RunningBackend | undefined;

/** Starts `adapter`; from now on `sync()` waits for it. Throws `bad-argument` for threads that it cannot have. */
export async function startBackend(
  adapter: BackendAdapter,
  options: StartOptions = {},
): Promise<RunningBackend> {
  checkThreads(adapter, options.threads);
  running = await adapter.start(options);
  return running;
}

function checkThreads({ name, threads: most }: BackendAdapter, wanted: number | undefined): void {
  if (wanted === undefined) return;
  checkCount(wanted);
  if (wanted <= (most ?? 0)) return;
  const choice = most !== undefined && most > 1;
  const can = choice ? `1 to ${most} threads` : most === 1 ? 'one thread' : 'no choice of threads';
  throw new MaNetError('bad-argument', `The ${name} backend has ${can}, not ${wanted}.`, {
    where: 'threads',
    hint: choice ? 'ask for a number in that range.' : 'leave the number of threads out.',
  });
}

function checkCount(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1) return;
  throw new MaNetError('bad-argument', `No backend computes with ${threads} threads.`, {
    where: 'threads',
    hint: 'ask for a whole number, 1 or more, or leave it out.',
  });
}

/** The backend started last. */
export function currentBackend(): RunningBackend {
  if (running === undefined) {
    throw new MaNetError('backend-unavailable', 'No backend has been started.', {
      hint: 'call startBackend(adapter) with the adapter of a backend package first.',
    });
  }
  return running;
}

/** The same where tfjs computes on it now; undefined otherwise. */
export function backendHere(): RunningBackend | undefined {
  return running?.name === tf.engine().backendName ? running : undefined;
}

/** The end of a training step: resolves when the current backend has computed everything asked for. */
export async function sync(): Promise<void> {
  await currentBackend().sync();
}

/**
 * Starts `wanted`, or for `auto` the first adapter, by priority, whose probe and start succeed and that is
 * not a software renderer. It is running, and tfjs's current backend, when the promise resolves. When none can, the
 * error lists every reason; one that was named fails as itself. Throws `bad-argument` for threads that nothing can have.
 */
export async function chooseBackend(
  adapters: readonly BackendAdapter[],
  wanted = 'auto',
  options: StartOptions = {},
): Promise<RunningBackend> {
  if (options.threads !== undefined) checkCount(options.threads);
  const known = adapters.map((a) => a.name);
  const candidates =
    wanted === 'auto'
      ? adapters.toSorted((a, b) => b.priority - a.priority)
      : adapters.filter((a) => a.name === wanted);
  if (candidates.length === 0) {
    throw new MaNetError('unknown-name', `There is no backend called "${wanted}".`, {
      hint: suggestion(wanted, ['auto', ...known]),
    });
  }
  const refusals: string[] = [];
  for (const adapter of candidates) {
    const refusal = refusalOf(adapter, await adapter.probe(), wanted);
    if (refusal !== undefined) {
      refusals.push(`  ${adapter.name.padEnd(8)} ${refusal}`);
      continue;
    }
    try {
      return await startBackend(adapter, options);
    } catch (error) {
      if (wanted !== 'auto') throw error;
      refusals.push(`  ${adapter.name.padEnd(8)} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new MaNetError('backend-unavailable', `No backend could start.\n${refusals.join('\n')}`, {
    hint: 'run "manet doctor", or pass --backend cpu to continue slowly.',
  });
}

/** Why `--backend wanted` does not take this adapter; undefined when it may. */
export function refusalOf(
  { name }: Pick<BackendAdapter, 'name'>,
  probe: Probe,
  wanted = 'auto',
): string | undefined {
  if (!probe.ok) return `${probe.reason}${probe.hint === undefined ? '' : ` (${probe.hint})`}`;
  if (probe.software !== true || wanted !== 'auto') return undefined;
  return `${probe.device} is a software renderer (pass --backend ${name} to use it anyway)`;
}
