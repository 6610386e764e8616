// Every backend we ship, by the name that `--backend` takes. An entry is loaded only when it may be used.

import {
  type BackendAdapter,
  chooseBackend,
  MaNetError,
  type RunningBackend,
  type StartOptions,
  suggestion,
} from '@ma-net/core';

/** From the fastest to the slowest, as far as names can tell; `auto` goes by their priority. */
export const backends = {
  cuda: async () => (await import('@ma-net/backend-cuda')).cuda,
  webgpu: async () => (await import('@ma-net/backend-webgpu')).webgpu,
  onnx: async () => (await import('@ma-net/backend-onnx')).onnx,
  cpu: async () => (await import('@ma-net/backend-cpu')).cpu,
} as const satisfies Record<string, () => Promise<BackendAdapter>>;

type BackendName = keyof typeof backends;

/** The adapter called `wanted`, or all of them. Throws `unknown-name`. */
export async function loadBackends(wanted = 'auto'): Promise<BackendAdapter[]> {
  const known = Object.keys(backends) as BackendName[];
  if (wanted !== 'auto' && !Object.hasOwn(backends, wanted)) {
    throw new MaNetError('unknown-name', `There is no backend called "${wanted}".`, {
      where: '--backend',
      hint: suggestion(wanted, ['auto', ...known]),
    });
  }
  const names = wanted === 'auto' ? known : [wanted as BackendName];
  return Promise.all(names.map((name) => backends[name]().catch((error: unknown) => missing(name, error))));
}

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
