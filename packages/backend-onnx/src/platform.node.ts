// What the engine asks of Node: the library for the machine, its processor and memory, and files.
//
// ONNX Runtime is loaded when it is first needed, and never without its telemetry switched off: from 1.30 on it writes
// what it does, metadata of models included, to a database under the user's cache and sends it to a server, unless this
// variable of the environment tells it not to.

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { fileError } from '@ma-net/core/node';
import type { Failure, Refusal, Runtime } from './runtime.ts';

export { instructionSet } from './instructions.ts';

const SWITCH = 'ORT_DISABLE_TELEMETRY';

// A worker has a copy of the environment, which the library does not read: only the main thread can set it.
if (isMainThread) process.env[SWITCH] ??= '1';

/** Why the library must not be loaded in this thread; undefined where it may be. */
export function whyNotHere(
  main = isMainThread,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
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
    return refusalOf(error as Failure);
  }
}

/** ONNX Runtime in WebAssembly. */
export async function loadWasm(): Promise<Runtime> {
  return await import('onnxruntime-web');
}

/** Why the library did not load, and what to do. */
export function refusalOf({ code, message }: Failure): Refusal {
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return {
      ok: false,
      reason:
        'the package onnxruntime-node is not installed: npm leaves it out when its install script fails',
      hint: 'npm install onnxruntime-node@1.30.0 --ignore-scripts --save-optional (the script only downloads CUDA libraries)',
    };
  }
  return {
    ok: false,
    reason: `onnxruntime-node does not load here (${process.platform} ${process.arch}): ${message.split('\n')[0]!}`,
    hint: 'it has binaries for Linux x64 and arm64, macOS arm64, and Windows.',
  };
}

const WORKER_HINT = `import @ma-net/backend-onnx in the main thread before the worker is made, or start the program with ${SWITCH}=1.`;

/** What runs `model`, of one node from `x`, on `provider` in a process of its own, where drivers may print or crash; undefined when it worked. */
export async function tryElsewhere(provider: string, model: Uint8Array): Promise<string | undefined> {
  const program = `
    const ort = require(${JSON.stringify(createRequire(import.meta.url).resolve('onnxruntime-node'))});
    const model = Buffer.from('${Buffer.from(model).toString('base64')}', 'base64');
    ort.InferenceSession.create(model, { executionProviders: ['${provider}'], logSeverityLevel: 4 })
      .then((session) => session.run({ x: new ort.Tensor('float32', [1], [1]) }))
      .then(() => console.log('works'), (error) => console.log(error.message));`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', program], { timeout: 30_000 }, (error, stdout) => {
      const said = stdout.trim();
      if (said === 'works') resolve(undefined);
      else if (said !== '') resolve(firstLine(said));
      else
        resolve(`the trial process ended without a word (${error === null ? 'code 0' : firstLine(error)})`);
    });
  });
}

/** The telling part of an error: its last clause, without the source location that ONNX Runtime puts before it. */
function firstLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
  const cut = text.lastIndexOf('was false. ');
  return cut === -1 ? text : text.slice(cut + 'was false. '.length);
}

/** Whether threads of WebAssembly may share memory. */
export const mayShareMemory = (): boolean => true;

/** Threads to compute with unless told otherwise. */
export const threadsHere = (): number => availableParallelism();

/** Bytes that this process may have now: what other programs left, within its limit. */
export const memoryHere = (): number => process.availableMemory();

/** Writes a model into a folder, to look at. */
export async function dump(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await writeFile(join(folder, name), bytes);
}

/** The bytes of a file. Throws `not-found` and `file-failed`. */
export async function readModel(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
}
