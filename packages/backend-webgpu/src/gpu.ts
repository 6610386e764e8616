// Where WebGPU comes from: the browser's `navigator.gpu`, or in Node the package `webgpu` (Dawn's bindings).

/// <reference types="@webgpu/types" />

import type { Probe } from '@ma-net/core';

/** The entry point of WebGPU, or why there is none. */
export type Entry = { readonly gpu: GPU } | Refusal;

export type Refusal = Extract<Probe, { ok: false }>;

/** What an adapter says about itself. Browsers call a software renderer a fallback adapter. */
export interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

type Host = { navigator?: { gpu?: GPU } };
const host = globalThis as Host;
const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Finds the entry point; registers nothing. `load` imports Dawn. */
export async function findGpu(load: () => Promise<Dawn> = importDawn): Promise<Entry> {
  if (host.navigator?.gpu !== undefined) return { gpu: host.navigator.gpu };
  if (inNode) return dawn(load);
  return refuse(
    'this browser has no navigator.gpu',
    'use a current Chrome, Edge, Safari or Firefox, and serve the page from https:// or localhost',
  );
}

export interface Found {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly info: AdapterInfo;
}

/** Asks for the adapter of a page that computes: the fast one. */
export async function findAdapter(): Promise<Found | Refusal> {
  const entry = await findGpu();
  if (!('gpu' in entry)) return entry;
  const adapter = await entry.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) return entry === dawnEntry ? noDriver() : noAdapter();
  const { info } = adapter as unknown as { info?: AdapterInfo };
  return { gpu: entry.gpu, adapter, info: info ?? {} };
}

/** Whether the adapter is a processor pretending to be a GPU: correct, and far slower than `onnx`. */
export function isSoftware(info: AdapterInfo): boolean {
  const named = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(named);
}

export function describeAdapter({ vendor, architecture, device, description }: AdapterInfo): string {
  const kind = [vendor, architecture].filter(Boolean).join(' ');
  const name = description || device;
  if (!name) return kind || 'a GPU without a name';
  return kind === '' ? name : `${name} (${kind})`;
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

export interface Dawn {
  create(options: readonly string[]): GPU;
  readonly globals: object;
}

/** One for the process: Dawn crashes when an entry point is collected while its devices are in use. */
let dawnEntry: Entry | undefined;

function importDawn(): Promise<Dawn> {
  // Not a literal, so that bundlers for the browser leave it alone.
  const name = 'webgpu';
  return import(/* @vite-ignore */ name) as Promise<Dawn>;
}

async function dawn(load: () => Promise<Dawn>): Promise<Entry> {
  if (dawnEntry !== undefined) return dawnEntry;
  let module: Dawn;
  try {
    module = await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND')
      return refuse('Node has no WebGPU of its own, and the package "webgpu" is not installed', INSTALL);
    return refuse(
      `the package "webgpu" did not load: ${message.split('\n')[0]}`,
      'it has binaries for Linux x64 and arm64, macOS and Windows x64; use the onnx backend elsewhere',
    );
  }
  try {
    const gpu = module.create([]);
    // The classes and constants of WebGPU (GPUBuffer, GPUMapMode, ...) that a browser has as globals.
    for (const [key, value] of Object.entries(module.globals)) {
      if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value, configurable: true });
    }
    dawnEntry = { gpu };
    return dawnEntry;
  } catch (error) {
    return refuse(`Dawn did not start: ${(error as Error).message.split('\n')[0]}`, INSTALL);
  }
}

const INSTALL = 'npm install webgpu';

function noDriver(): Refusal {
  if (process.platform !== 'linux') return refuse('Dawn offers no adapter', 'update the driver of the GPU');
  const found = vulkanDrivers();
  if (found.length === 0)
    return refuse(
      'no Vulkan driver is installed',
      "install the driver of your GPU; NVIDIA's brings one, others come with mesa-vulkan-drivers",
    );
  return refuse(
    `none of the Vulkan drivers offers an adapter that Dawn can use (${found.join(', ')})`,
    'a container needs access to the GPU; "vulkaninfo --summary" lists what Vulkan sees',
  );
}

/** Names of the driver manifests that the Vulkan loader reads. */
function vulkanDrivers(): string[] {
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  if (named !== undefined && named !== '') return named.split(':');
  // Not an import, which bundlers for the browser would follow.
  const { existsSync, readdirSync } = process.getBuiltinModule('node:fs');
  const folders = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
  const files = folders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder));
  return [...new Set(files)].filter((file) => file.endsWith('.json'));
}

function noAdapter(): Refusal {
  return refuse(
    'the browser has WebGPU but offers no adapter',
    'chrome://gpu or about:support says why; on Linux, Chrome needs --enable-unsafe-webgpu or --enable-features=Vulkan',
  );
}

function refuse(reason: string, hint: string): Refusal {
  return { ok: false, reason, hint };
}
