// Whether a Node package of tfjs is installed, and whole.

import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import type { Probe } from '@ma-net/core';

type Refusal = Extract<Probe, { ok: false }>;

/** The folder of the package, or what is missing of it and how to get it. */
export async function findInstall(module: string): Promise<{ readonly path: string } | Refusal> {
  const path = isAbsolute(module) ? module : resolve(module);
  if (path === undefined || !(await exists(join(path, 'package.json')))) {
    return {
      ok: false,
      reason: `the package "${module}" is not installed`,
      hint: `npm install ${module}@4.22.0 (with "allowScripts": { "${module}@4.22.0": true } in package.json)`,
    };
  }
  if (!(await hasBinding(path)))
    return {
      ok: false,
      reason: `"${module}" is installed without its native library, because its install script has not run`,
      hint: `add "allowScripts": { "${module}@4.22.0": true } to the package.json of the project, then npm rebuild ${module}`,
    };
  return { path };
}

/** Seen from here, or else from the project that the program runs in. */
function resolve(module: string): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return dirname(createRequire(from).resolve(`${module}/package.json`));
    } catch {
      // Not visible from there.
    }
  }
  return undefined;
}

/** node-pre-gyp keeps one binding for each version of Node-API. */
async function hasBinding(path: string): Promise<boolean> {
  const folders = await readdir(join(path, 'lib')).catch(() => []);
  const found = await Promise.all(folders.map((f) => exists(join(path, 'lib', f, 'tfjs_binding.node'))));
  return found.includes(true);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
