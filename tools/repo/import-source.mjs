// Runs TypeScript of this repository in plain Node: bundles a file with the packages it imports, from their sources.

import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const cache = resolve(import.meta.dirname, '../../node_modules/.cache/ma-net');

/**
 * Imports the TypeScript file at `url`. What it needs of tfjs, ONNX Runtime and other programs stays outside the bundle; with
 * `{ packages: 'external' }` all packages do, which are then those that were built, with their assets.
 */
export async function importSource(url, { packages = 'bundle' } = {}) {
  const entry = fileURLToPath(url);
  const outfile = join(cache, `${basename(entry, '.ts')}.mjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages,
    conditions: ['@ma-net/source'],
    external: ['@tensorflow/*', 'onnxruntime-*', 'sharp', 'tinypool', 'esbuild', 'playwright-core'],
    logLevel: 'error',
  });
  return import(pathToFileURL(outfile).href);
}
