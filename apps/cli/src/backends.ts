// Every backend we ship, by the name that `--backend` takes. An entry is loaded only when it may be used.

import {
  type BackendAdapter,
  chooseBackend,
  MaNetError,
  type RunningBackend,
  suggestion,
} from '@ma-net/core';

export const backends = {
  onnx: async () => (await import('@ma-net/backend-onnx')).onnx,
  cpu: async () => (await import('@ma-net/backend-cpu')).cpu,
} as const satisfies Record<string, () => Promise<BackendAdapter>>;

type BackendName = keyof typeof backends;

/** Starts the backend called `wanted`, or the fastest one that can run here (`auto`). */
export async function start(wanted: string): Promise<RunningBackend> {
  const known = Object.keys(backends) as BackendName[];
  if (wanted !== 'auto' && !Object.hasOwn(backends, wanted)) {
    throw new MaNetError('unknown-name', `There is no backend called "${wanted}".`, {
      where: '--backend',
      hint: suggestion(wanted, ['auto', ...known]),
    });
  }
  const names = wanted === 'auto' ? known : [wanted as BackendName];
  return chooseBackend(await Promise.all(names.map((name) => backends[name]())), wanted);
}
