// Runs one benchmark from its TypeScript source: node tools/bench/run.mjs cpu-kernels [arguments]

import { existsSync, readdirSync } from 'node:fs';
import { importSource } from '../repo/import-source.mjs';

const name = process.argv[2] ?? '';
const source = new URL('src/', import.meta.url);
const file = new URL(`${name}.ts`, source);
if (!existsSync(file)) {
  const known = readdirSync(source)
    .filter((one) => one.endsWith('.ts'))
    .map((one) => one.replace(/\.ts$/, ''));
  console.error(`There is no benchmark "${name}"; known: ${known.join(', ')}.`);
  process.exit(1);
}
await importSource(file);
