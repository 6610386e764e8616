// ONNX Runtime itself, loaded when it is first needed, and never without its telemetry switched off: from 1.30 on it
// writes what it does, metadata of models included, to a database under the user's cache and sends it to a server,
// unless this variable of the environment tells it not to.

import { isMainThread } from 'node:worker_threads';
import { MaNetError, type Probe } from '@ma-net/core';

export type Runtime = typeof import('onnxruntime-node');

type Refusal = Extract<Probe, { ok: false }> & { readonly hint: string };

const SWITCH = 'ORT_DISABLE_TELEMETRY';

// A worker has a copy of the environment, which the library does not read: only the main thread can set it.
if (isMainThread) process.env[SWITCH] ??= '1';

/** Why the library must not be loaded in this thread; undefined where it may be. */
export function whyNotHere(main = isMainThread, environment = process.env): string | undefined {
  if (main || environment[SWITCH] !== undefined) return undefined;
  return "in this worker ONNX Runtime's telemetry cannot be switched off";
}

/** The library, or why it cannot be had here: no package, no binary, or no way to keep it quiet. */
export async function findRuntime(): Promise<Runtime | Refusal> {
  const reason = whyNotHere();
  if (reason !== undefined) return { ok: false, reason, hint: WORKER_HINT };
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    return refusalOf(error as NodeJS.ErrnoException);
  }
}

/** The library. Throws `backend-unavailable`. */
export async function loadRuntime(): Promise<Runtime> {
  const found = await findRuntime();
  if (!('ok' in found)) return found;
  throw new MaNetError('backend-unavailable', found.reason, { hint: found.hint });
}

/** Why the library did not load, and what to do. */
export function refusalOf({ code, message }: Pick<NodeJS.ErrnoException, 'code' | 'message'>): Refusal {
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return {
      ok: false,
      reason:
        'the package onnxruntime-node is not installed: npm leaves it out when its install script fails',
      hint: 'npm install onnxruntime-node@1.30.0 --ignore-scripts (the script only downloads CUDA libraries)',
    };
  }
  return {
    ok: false,
    reason: `onnxruntime-node does not load here (${process.platform} ${process.arch}): ${message.split('\n')[0]!}`,
    hint: 'it has binaries for Linux x64 and arm64, macOS arm64, and Windows.',
  };
}

const WORKER_HINT = `import @ma-net/backend-onnx in the main thread before the worker is made, or start the program with ${SWITCH}=1.`;
