// Backends by the name that `--backend` takes: parts of installed packages. One is loaded only when it may be used.

import {
  type AnyPart,
  type BackendAdapter,
  chooseBackend,
  findPart,
  type Installed,
  MaNetError,
  type RunningBackend,
  type StartOptions,
  suggestion,
} from '@ma-net/core';
import { shortName } from '@ma-net/run';
import { installed } from './installed.ts';

/** The adapter called `wanted`, or all of them, the fastest first as far as names can tell. Throws `unknown-name`. */
export async function loadBackends(
  wanted = 'auto',
  among: Installed = installed(),
): Promise<BackendAdapter[]> {
  if (wanted.includes('#')) return [await open(await findPart(wanted, 'backend', among, '--backend'))];
  const parts = await backendsOf(among);
  const named = parts.filter(({ id }) => wanted === 'auto' || shortName({ use: id }) === wanted);
  if (named.length === 0) {
    throw new MaNetError('unknown-name', `There is no backend called "${wanted}".`, {
      where: '--backend',
      hint: suggestion(wanted, ['auto', ...parts.map(({ id }) => shortName({ use: id }))]),
    });
  }
  const adapters = await Promise.all(named.map(open));
  return adapters.toSorted((a, b) => b.priority - a.priority);
}

/** A package whose parts do not load has none: it may be anybody's, and others can still run. */
async function backendsOf({ packages, load }: Installed): Promise<readonly AnyPart[]> {
  const all = await Promise.all(
    packages.map((name) =>
      load(name).then(
        ({ parts = [] }) => parts,
        () => [],
      ),
    ),
  );
  return all.flat().filter(({ kind }) => kind === 'backend');
}

const open = (part: AnyPart): Promise<BackendAdapter> =>
  part.open({} as never).then(
    (adapter) => adapter as BackendAdapter,
    (error: unknown) => missing(shortName({ use: part.id }), error),
  );

/** In place of a backend whose package does not load: a machine that lacks one still has the others. */
export function missing(name: string, error: unknown): BackendAdapter {
  const reason = `its package does not load: ${error instanceof Error ? error.message.split('\n')[0]! : String(error)}`;
  const hint = 'install manet again, or take another backend.';
  return {
    name,
    priority: -1,
    tolerance: { rtol: 0, atol: 0 },
    probe: () => Promise.resolve({ ok: false, reason, hint }),
    start: () => Promise.reject(new MaNetError('backend-unavailable', reason, { hint })),
  };
}

/** Starts the backend called `wanted`, or the fastest one that can run here (`auto`). */
export async function start(wanted: string, options: StartOptions = {}): Promise<RunningBackend> {
  return chooseBackend(await loadBackends(wanted), wanted, options);
}
