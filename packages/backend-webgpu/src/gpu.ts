// Where WebGPU comes from: the browser's `navigator.gpu`, or in Node Dawn.

/// <reference types="@webgpu/types" />

import type { Probe } from '@ma-net/core';
import type { AdapterInfo } from './adapter-info.ts';
import { inspectDawn, openDawn, resolveDawn } from './dawn.ts';

type Refusal = Extract<Probe, { ok: false }>;

export interface Found {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly info: AdapterInfo;
}

const host = globalThis as { navigator?: { gpu?: GPU } };
const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

/** What the adapter says about itself, or why there is none. Changes nothing here. */
export async function inspectAdapter(): Promise<{ readonly info: AdapterInfo } | Refusal> {
  if (host.navigator?.gpu !== undefined || !inNode) return findAdapter();
  const dawn = resolveDawn();
  return 'file' in dawn ? inspectDawn(dawn.file) : dawn;
}

/** The adapter of a program that computes: the fast one. In Node this loads Dawn for good. */
export async function findAdapter(): Promise<Found | Refusal> {
  const gpu = await findGpu();
  if ('reason' in gpu) return gpu;
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) return NO_ADAPTER;
  const { info } = adapter as unknown as { info?: AdapterInfo };
  return { gpu, adapter, info: info ?? {} };
}

async function findGpu(): Promise<GPU | Refusal> {
  if (host.navigator?.gpu !== undefined) return host.navigator.gpu;
  if (!inNode) return NO_WEBGPU;
  const dawn = resolveDawn();
  return 'file' in dawn ? openDawn(dawn.file) : dawn;
}

/** Runs `body` where `navigator.gpu` exists: tfjs looks for it before it makes a backend. */
export function withNavigator<T>(gpu: GPU, body: () => T): T {
  if (host.navigator?.gpu !== undefined) return body();
  const made = host.navigator === undefined;
  if (made) host.navigator = {};
  const navigator = host.navigator!;
  // Dawn keeps Node alive for as long as its entry point can be reached from a global.
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  try {
    return body();
  } finally {
    delete navigator.gpu;
    if (made) delete host.navigator;
  }
}

const NO_WEBGPU: Refusal = {
  ok: false,
  reason: 'this browser has no navigator.gpu',
  hint: 'use a current Chrome, Edge, Safari or Firefox, and serve the page from https:// or localhost',
};
const NO_ADAPTER: Refusal = {
  ok: false,
  reason: 'the browser has WebGPU but offers no adapter',
  hint: 'chrome://gpu or about:support says why; on Linux, Chrome needs --enable-unsafe-webgpu or --enable-features=Vulkan',
};
