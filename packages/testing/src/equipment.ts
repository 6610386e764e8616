// What a machine has beyond npm's packages, where tools/repo/equip.mjs looks for it and installs it.

import { existsSync, mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const chosen = process.env['MA_NET_CHROMIUM'];
const programs = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const onPath = (process.env['PATH'] ?? '').split(delimiter);

/** A Chromium to drive; undefined where there is none. `MA_NET_CHROMIUM` names another. */
export const chromium = first([
  ...(chosen === undefined ? [] : [chosen]),
  ...programs.flatMap((program) => onPath.map((folder) => join(folder, program))),
]);

const nearby = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/usr/lib64/chromium-browser'];

/** The launcher of an MPI; undefined where there is none. `MA_NET_MPIRUN` names another. */
export const mpirun = first([
  ...(process.env['MA_NET_MPIRUN'] === undefined ? [] : [process.env['MA_NET_MPIRUN']]),
  ...['mpirun', 'mpiexec'].flatMap((program) => onPath.map((folder) => join(folder, program))),
  '/usr/lib64/openmpi/bin/mpirun',
]);

/** SwiftShader's Vulkan driver, which comes with Chromium; undefined where there is none. */
export const swiftshader = first(
  [...(chosen === undefined ? [] : [dirname(chosen)]), ...nearby, '/opt/google/chrome'].map((folder) =>
    join(folder, 'vk_swiftshader_icd.json'),
  ),
);

/** Points Vulkan at SwiftShader, unless a driver was chosen: the same numbers with and without a GPU. */
export function useSwiftShader(): void {
  if (swiftshader !== undefined) process.env['VK_ICD_FILENAMES'] ??= swiftshader;
  // Drivers want a folder of their own to write to.
  process.env['XDG_RUNTIME_DIR'] ??= mkdtempSync(join(tmpdir(), 'ma-net-'));
}

/** Where tools/tfjs-node/build.mjs leaves the CPU twin of tfjs-node-gpu. */
export const tfjsNode = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'ma-net/tfjs-node/node_modules/@tensorflow/tfjs-node',
);

function first(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}
