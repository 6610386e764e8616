import { proxy, type Remote, wrap } from 'comlink';
import type { Progress, StudioWorker } from './messages.ts';

/** The worker as the page calls it. */
export type Connection = Remote<StudioWorker>;

/** Starts the worker, beside the page's own thread, so that the page never waits for a computation. */
export function connect(): Connection {
  return wrap<StudioWorker>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }));
}

/** A function that the worker may call. */
export const listener = (listen: (progress: Progress) => void): typeof listen => proxy(listen);
