// What asks a work to stop where it can be continued: Ctrl-C, `kill`, a terminal that is closed. Only a second
// Ctrl-C stops at once: whoever closes a terminal or ends a session may say so twice.

import { EXIT } from './report-error.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A Ctrl-C reaches every process of a terminal, and npm passes it on once more. Milliseconds. */
const SAME_KEY = 300;

/** Runs `work` with a signal that the first of these signals aborts, after `onFirst` was told. */
export async function interruptible<T>(
  onFirst: () => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let pressed: number | undefined;
  const listener = (name: NodeJS.Signals): void => {
    const now = performance.now();
    if (name === 'SIGINT') {
      if (pressed !== undefined && now - pressed > SAME_KEY) process.exit(EXIT.interrupted);
      pressed ??= now;
    }
    if (controller.signal.aborted) return;
    controller.abort();
    onFirst();
  };
  for (const name of SIGNALS) process.on(name, listener);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, listener);
  }
}
