// WebGPU in Node: the package `webgpu`, Dawn's bindings. A driver may crash, and prints what it likes, so a
// probe asks in a process of its own. Nothing here is imported in browsers, so builtin modules are asked for.

/// <reference types="@webgpu/types" />

import type { Probe } from '@ma-net/core';
import type { AdapterInfo } from './adapter-info.ts';

type Refusal = Extract<Probe, { ok: false }>;

interface Dawn {
  create(options: readonly string[]): GPU;
  readonly globals: object;
}

/** The file to import Dawn from, or that it is not there. */
export function resolveDawn(name = 'webgpu'): { readonly file: string } | Refusal {
  const { createRequire } = process.getBuiltinModule('node:module');
  for (const from of [import.meta.url, `${process.cwd()}/package.json`]) {
    try {
      return { file: createRequire(from).resolve(name) };
    } catch {
      // Not visible from there.
    }
  }
  return refuse(`Node has no WebGPU of its own, and the package "${name}" is not installed`, INSTALL);
}

const INSTALL = 'npm install webgpu';
const TIMEOUT_MS = 60_000;

const program = `
const { create } = await import(process.argv[1]);
const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
const keys = ['vendor', 'architecture', 'device', 'description', 'isFallbackAdapter'];
const info = adapter && Object.fromEntries(keys.map((key) => [key, adapter.info[key]]));
process.stdout.write(JSON.stringify({ info }), () => process.exit(0));
`;

/** What Dawn's adapter says about itself, asked in a process of its own. */
export async function inspectDawn(file: string): Promise<{ readonly info: AdapterInfo } | Refusal> {
  const { execFile } = process.getBuiltinModule('node:child_process');
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const args = ['--input-type=module', '-e', program, pathToFileURL(file).href];
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, { timeout: TIMEOUT_MS }, (_, out, err) =>
      resolve({ stdout: out, stderr: err }),
    );
  });
  if (stdout === '') return didNotLoad(stderr);
  const { info } = JSON.parse(stdout) as { info: AdapterInfo | null };
  return info === null ? noDriver() : { info };
}

/** One for the process: Dawn crashes when an entry point is collected while its devices are in use. */
let opened: GPU | undefined;

/** Loads Dawn into this process, with the classes and constants that a browser has as globals. */
export async function openDawn(file: string): Promise<GPU> {
  if (opened !== undefined) return opened;
  const { href } = process.getBuiltinModule('node:url').pathToFileURL(file);
  const { create, globals } = (await import(/* @vite-ignore */ href)) as Dawn;
  for (const [key, value] of Object.entries(globals)) {
    if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value, configurable: true });
  }
  opened = create([]);
  return opened;
}

function didNotLoad(stderr: string): Refusal {
  const lines = stderr.split('\n').map((line) => line.trim());
  const why = lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? 'the driver of the GPU crashed';
  return refuse(
    `the package "webgpu" did not load: ${why.replace(/^\w*Error\b[^:]*: /, '')}`,
    'it has binaries for Linux x64 and arm64, macOS and Windows x64; use the onnx backend elsewhere',
  );
}

function noDriver(): Refusal {
  if (process.platform !== 'linux') return refuse('Dawn offers no adapter', 'update the driver of the GPU');
  const found = vulkanDrivers();
  if (found.length === 0) {
    return refuse(
      'no Vulkan driver is installed',
      "install the driver of your GPU; NVIDIA's brings one, others come with mesa-vulkan-drivers",
    );
  }
  return refuse(
    `none of the Vulkan drivers offers an adapter that Dawn can use (${found.join(', ')})`,
    'a container needs access to the GPU; "vulkaninfo --summary" lists what Vulkan sees',
  );
}

/** Names of the driver manifests that the Vulkan loader reads. */
function vulkanDrivers(): string[] {
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  if (named !== undefined && named !== '') return named.split(':');
  const { existsSync, readdirSync } = process.getBuiltinModule('node:fs');
  const folders = ['/etc/vulkan/icd.d', '/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];
  const files = folders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder));
  return [...new Set(files)].filter((file) => file.endsWith('.json'));
}

function refuse(reason: string, hint: string): Refusal {
  return { ok: false, reason, hint };
}
