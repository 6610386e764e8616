// Runs one benchmark from its TypeScript source: node tools/bench/run.mjs cpu-kernels [arguments]

import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const source = fileURLToPath(new URL('src/', import.meta.url));
const name = process.argv[2] ?? '';
if (!existsSync(`${source}${name}.ts`)) {
  const known = readdirSync(source).map((file) => file.replace(/\.ts$/, ''));
  console.error(`There is no benchmark "${name}"; known: ${known.join(', ')}.`);
  process.exit(1);
}
const outfile = fileURLToPath(new URL(`../../node_modules/.cache/ma-net-bench/${name}.mjs`, import.meta.url));
await build({
  entryPoints: [`${source}${name}.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  conditions: ['@ma-net/source'],
  external: ['@tensorflow/*', 'onnxruntime-node'],
  logLevel: 'error',
});
await import(pathToFileURL(outfile).href);
