// What the last digits of a run follow besides its recipe: the backend, and the facts it gives about itself (threads,
// instruction set, version of its library). A run records them and is resumed with as many threads as it had.

import type { RunningBackend, StartOptions } from '@ma-net/core';

interface Computed {
  readonly backend?: unknown;
  /** `facts()` of the backend. */
  readonly computing?: Readonly<Record<string, unknown>>;
}

/** How the last session of the run with these facts computed. */
function lastOf(facts: Readonly<Record<string, unknown>>): Computed {
  const resumed = facts['resumed'];
  return (Array.isArray(resumed) ? ((resumed as unknown[]).at(-1) ?? facts) : facts) as Computed;
}

/** Where to resume a run so that it computes the same: its own backend and number of threads, unless others are named. */
export function sameAs(
  facts: Readonly<Record<string, unknown>>,
  wanted: { readonly backend: string; readonly threads?: number },
): { readonly backend: string } & StartOptions {
  const { backend: first, computing } = lastOf(facts);
  const backend = wanted.backend === 'auto' && typeof first === 'string' ? first : wanted.backend;
  const threads = wanted.threads ?? (backend === first ? computing?.['threads'] : undefined);
  return typeof threads === 'number' ? { backend, threads } : { backend };
}

/** Why last digits may differ from here on; undefined where they are those of a run that never stopped. */
export function whyDigitsDiffer(
  facts: Readonly<Record<string, unknown>>,
  running: Pick<RunningBackend, 'name' | 'facts'>,
): string | undefined {
  const { backend, computing } = lastOf(facts);
  const before: Record<string, unknown> = { backend, ...computing };
  // A run of before they were recorded tells its backend only.
  const now: Record<string, unknown> =
    computing === undefined ? { backend: running.name } : { backend: running.name, ...running.facts() };
  const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (key) => before[key] !== now[key],
  );
  if (changed.length === 0) return undefined;
  const list = changed.map((key) => `${key} ${told(before[key])}, now ${told(now[key])}`);
  return `last digits may differ from here on: ${list.join('; ')}`;
}

const told = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : 'none';
