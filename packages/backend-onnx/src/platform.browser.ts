// What the engine asks of a page or its workers: WebAssembly, and nothing of a file system.

import { MaNetError } from '@ma-net/core';
import type { Refusal, Runtime } from './runtime.ts';

const NO_LIBRARY: Refusal = {
  ok: false,
  reason: 'this is a browser, which has no library for the machine',
  hint: 'a GPU computes with @ma-net/backend-webgpu.',
};

/** What may keep the library from being loaded: nothing, as there is none. */
export const whyNotHere = (): undefined => undefined;

export const findRuntime = (): Promise<Runtime | Refusal> => Promise.resolve(NO_LIBRARY);

/** ONNX Runtime in WebAssembly, without what talks to GPUs. */
export async function loadWasm(): Promise<Runtime> {
  return await import('onnxruntime-web/wasm');
}

/** Why a provider of the library does not work. */
export const tryElsewhere = (): Promise<string | undefined> => Promise.resolve(NO_LIBRARY.reason);

const page = globalThis as {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
};

/** Threads share memory, which only an isolated page may. */
export const mayShareMemory = (): boolean => page.crossOriginIsolated ?? false;

export const threadsHere = (): number => (mayShareMemory() ? (page.navigator?.hardwareConcurrency ?? 1) : 1);

/** What WebAssembly can address. */
export const memoryHere = (): number => 2 ** 32;

/** What sums follow: WebAssembly's own vectors. */
export const instructionSet = (): string => 'wasm-simd';

export function dump(folder: string): Promise<void> {
  return Promise.reject(noFiles('write models to', folder));
}

export function readModel(path: string): Promise<Uint8Array> {
  return Promise.reject(noFiles('read', path));
}

function noFiles(what: string, where: string): MaNetError {
  return new MaNetError('bad-argument', `A browser has no files that a name could ${what}.`, {
    where,
    hint: 'pass the bytes of the file.',
  });
}
